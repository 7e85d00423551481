import { cancel, decide, request, setAskFirst } from '../../access-requests/support.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { MadeKey } from './keys.ts';
import { addKey } from './organisation.ts';

/** Those of another organisation who ask for access and who give it. */
export interface Asking {
  admin: MadeKey;
  /** May do so little that there is more to ask for. */
  caller: MadeKey;
  /** The reason of each request. */
  mark: string;
}

/** One request that is undecided, one that has led to a grant, and a model that is to be asked for first. */
export async function askForAccess(
  gateway: TestGateway,
  { admin, caller, mark }: Asking,
): Promise<{ pending: string; granted: string; grantId: string }> {
  await setAskFirst(gateway, 'demo/slow', true, admin.secret);
  const ask = async (targetId: string) =>
    (await request(gateway, caller.secret, { kind: 'SCOPE', targetId, reason: mark })).accessRequest!.id;
  const granted = await ask('USAGE_READ');
  const decided = await decide(gateway, granted, {}, admin.secret);
  return { granted, grantId: decided.accessRequest!.grant!.id, pending: await ask('AUDIT_READ') };
}

/** Somebody of the other organisation asks and calls it off; then somebody of the first asks. */
export async function bothAsk(gateway: TestGateway, { caller, mark }: Asking): Promise<void> {
  const theirs = { kind: 'SCOPE', targetId: 'KEYS_WRITE', reason: mark };
  const { accessRequest } = await request(gateway, caller.secret, theirs);
  // Nobody may ask without end; what was asked before has been heard then.
  if (accessRequest) await cancel(gateway, caller.secret, accessRequest.id);
  const owner = { organisationId: 'org_default', teamId: 'team_default', name: 'ours' };
  const ours = await addKey(gateway, owner, ['COMPLETIONS_WRITE']);
  await request(gateway, ours.secret, { kind: 'SCOPE', targetId: 'USAGE_READ', reason: 'ours' });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
