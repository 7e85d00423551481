import { readEnvironment } from '../config/env.ts';

const LOCAL_URL = 'http://127.0.0.1:4000/graphql';

/** A gateway that runs, and who asks it. */
export interface GatewayAddress {
  /** Of the graph. */
  url: string;
  key: string;
}

export interface UserError {
  code: string;
  message: string;
  path: string[] | null;
}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string }[];
}

/**
 * @param scopes what the key has to have.
 * @throws Error where no key is there to ask with.
 */
export function toAddress({ url }: { url?: string }, scopes = 'the scope ROUTES_WRITE'): GatewayAddress {
  const { lookup } = readEnvironment();
  const key = lookup['SLUICE_KEY'];
  if (key === undefined) throw new Error(`set SLUICE_KEY to a key with ${scopes}`);
  return { url: url ?? lookup['SLUICE_URL'] ?? LOCAL_URL, key };
}

/**
 * Asks as any client would.
 * @throws Error in one clear line, where nobody answers or what answers refuses the operation.
 */
export async function askGateway<Data>(
  { url, key }: GatewayAddress,
  query: string,
  variables: object,
): Promise<Data> {
  const response = await post(url, key, JSON.stringify({ query, variables }));
  const { data, errors = [] } = await readAnswer<Data>(url, response);
  if (errors.length > 0 || !data)
    throw new Error(errors.map(({ message }) => message).join('; ') || `${url} answers nothing`);
  return data;
}

async function post(url: string, key: string, body: string): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  try {
    return await fetch(url, { method: 'POST', headers, body });
  } catch (cause) {
    throw new Error(`no gateway answers at ${url}; is it running?`, { cause });
  }
}

async function readAnswer<Data>(url: string, response: Response): Promise<Answer<Data>> {
  try {
    return (await response.json()) as Answer<Data>;
  } catch (cause) {
    throw new Error(`what answers at ${url} is no gateway (HTTP ${response.status})`, { cause });
  }
}
