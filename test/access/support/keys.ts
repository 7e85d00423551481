import type { Scope } from '../../../src/domain/principal.ts';
import { connect, post, postForStream, readResults } from '../../server/support/client.ts';
import type { GraphqlError, Operation, Result, Transport } from '../../server/support/client.ts';
import type { TestGateway } from '../../support/gateway.ts';

export interface MadeKey {
  id: string;
  secret: string;
}

const CREATE = `mutation ($input: KeyCreateInput!) {
  keyCreate(input: $input) { key { id } secret errors { message } }
}`;

/** A new key, made by an admin. */
export async function makeKey(
  gateway: TestGateway,
  input: {
    scopes: Scope[];
    name?: string;
    models?: string[];
    regions?: string[];
    allowedIps?: string[];
    publishable?: boolean;
    expiresAt?: string;
    teamId?: string;
  },
): Promise<MadeKey> {
  const { data } = await gateway.ask(CREATE, { input: { name: 'of a test', ...input } });
  const { key, secret, errors } = data.keyCreate;
  if (!key) throw new Error(JSON.stringify(errors));
  return { id: key.id, secret };
}

export async function revoke(gateway: TestGateway, { id }: MadeKey): Promise<void> {
  const { data } = await gateway.ask(
    'mutation ($id: ID!) { keyRevoke(id: $id) { key { revokedAt } errors { message } } }',
    { id },
  );
  if (!data.keyRevoke.key.revokedAt) throw new Error(JSON.stringify(data));
}

/** The first result of an operation, however it travels, with this in its `Authorization`. */
export async function askAs(
  authorization: string | undefined,
  transport: Transport,
  url: string,
  operation: Operation,
): Promise<Result> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  if (transport === 'HTTP') return (await (await post(url, operation, { headers })).json()) as Result;
  if (transport === 'SSE') {
    for await (const result of readResults(await postForStream(url, operation, { headers }))) return result;
    throw new Error('the stream ended without a result');
  }
  const client = await connect(url, headers);
  client.subscribe('1', operation);
  const { type, payload } = await client.next('1');
  client.ws.close();
  return type === 'error' ? { errors: payload as GraphqlError[] } : (payload as Result);
}
