import { describe, expect, it } from 'vitest';
import { makeKey, revoke } from '../access/support/keys.ts';
import { peopleOf } from '../access/support/people.ts';
import { begun, errorOf, overSse, SILENT } from '../access/support/streams.ts';
import { addMember, addUser } from '../access/support/users.ts';
import { useGateway } from '../support/gateway.ts';
import { grant, inMs, revokeGrant } from './support.ts';

const gateway = useGateway();
const { change } = peopleOf(gateway);

describe('who was granted ADMIN for a time', () => {
  const FORBIDDEN = { errors: [{ code: 'FORBIDDEN' }] };
  async function adminForAMinute() {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    await grant(gateway(), key.secret, { kind: 'SCOPE', targetId: 'ADMIN' }, inMs(60_000));
    return key;
  }

  it('makes no role of it, which would outlast it', async () => {
    const variables = { name: 'back-door', scopes: ['ADMIN'] };
    const mutation = 'roleSet(input: { name: $name, scopes: $scopes }) { errors { code } }';
    expect(await change(mutation, variables, await adminForAMinute())).toMatchObject(FORBIDDEN);
  });

  it('makes nobody an admin, and takes nobody’s place from them', async () => {
    const key = await adminForAMinute();
    const [user, admin] = [await addUser(gateway(), 'Someone'), await addUser(gateway(), 'Admin')];
    await addMember(gateway(), { userId: admin, role: 'ADMIN' });
    const place = { user, team: 'team_default', role: 'ADMIN' };
    const set =
      'memberSet(input: { userId: $user, teamId: $team, role: $role }) { member { role { name } } errors { code } }';
    expect(await change(set, place, key)).toMatchObject(FORBIDDEN);
    const disable = 'userDisable(id: $user) { errors { code } }';
    expect(await change(disable, { user: admin }, key)).toMatchObject(FORBIDDEN);
    // What they may do by themselves they may give.
    expect(await change(set, { ...place, role: 'CALLER' }, key)).toMatchObject({
      member: { role: { name: 'CALLER' } },
      errors: [],
    });
  });
});

it('a user who is taken out of a team comes back without what was granted there', async () => {
  const [userId, other] = [await addUser(gateway(), 'Leaver'), await addUser(gateway(), 'Stayer')];
  const { sql } = gateway().gateway.database;
  // As their own requests, once approved, would have given it to them.
  for (const holder of [userId, other]) {
    await addMember(gateway(), { userId: holder, role: 'CALLER' });
    await sql`
      INSERT INTO access_grants (id, organisation_id, team_id, holder_id, request_id, kind, target_id, created_at)
      VALUES (${`grant_${holder}`}, 'org_default', 'team_default', ${holder}, ${`areq_${holder}`}, 'SCOPE', 'AUDIT_READ', now())`;
  }
  const remove = 'memberRemove(input: { userId: $user, teamId: $team }) { errors { code } }';
  expect(await change(remove, { user: userId, team: 'team_default' })).toEqual({ errors: [] });
  const open =
    await sql`SELECT holder_id FROM access_grants WHERE ended_at IS NULL AND holder_id IN ${sql([userId, other])}`;
  expect(open).toEqual([{ holder_id: other }]);
  const { data } = await gateway().ask(
    '{ auditEvents(filter: { action: { eq: "access.revoke" } }, first: 1) { nodes { before } } }',
  );
  expect(data.auditEvents.nodes[0].before).toMatchObject({ holderId: userId, targetId: 'AUDIT_READ' });
});

it('a key that works from some addresses only reads and changes as before once it was granted something', async () => {
  const key = await makeKey(gateway(), {
    scopes: ['COMPLETIONS_WRITE', 'KEYS_WRITE'],
    allowedIps: ['127.0.0.1', '::1'],
  });
  await grant(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
  const { data, errors } = await gateway().ask('{ models { totalCount } }', {}, { key: key.secret });
  expect({ data, errors }).toEqual({ data: { models: { totalCount: expect.any(Number) } } });
  const variables = { id: key.id };
  const renamed = await change(
    'keyUpdate(input: { id: $id, name: "renamed" }) { errors { code } }',
    variables,
    key,
  );
  expect(renamed).toEqual({ errors: [] });
});

it('a publishable key, which everybody can read, is given no scope either', async () => {
  const text = `mutation Ask($input: AccessRequestCreateInput!) {
    accessRequestCreate(input: $input) { accessRequest { id } errors { code path } }
  }`;
  await change('operationRegister(input: { text: $name }) { errors { code } }', { name: text });
  const key = await makeKey(gateway(), {
    scopes: ['COMPLETIONS_WRITE'],
    models: ['demo/echo'],
    publishable: true,
  });
  const ask = async (input: object) =>
    (await gateway().ask(text, { input: { reason: 'why not', ...input } }, { key: key.secret })).data
      .accessRequestCreate;
  expect(await ask({ kind: 'SCOPE', targetId: 'ADMIN' })).toEqual({
    accessRequest: null,
    errors: [{ code: 'INVALID_INPUT', path: ['input', 'targetId'] }],
  });
  expect(await ask({ kind: 'MODEL', targetId: 'demo/slow' })).toMatchObject({ errors: [] });
});

describe('an open subscription of a key with a list of models', () => {
  const limited = () => makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['demo/echo'] });

  it('goes on when another model is granted, which takes nothing away', async () => {
    const key = await limited();
    const stream = await overSse(gateway().url, key.secret, SILENT.alerts);
    await begun();
    await grant(gateway(), key.secret, { kind: 'MODEL', targetId: 'demo/slow' });
    await begun();
    await revoke(gateway(), key);
    expect(await stream.ended).toEqual(errorOf('UNAUTHENTICATED', /revoked/));
  });

  it('ends when a model that was granted is taken back', async () => {
    const key = await limited();
    const id = await grant(gateway(), key.secret, { kind: 'MODEL', targetId: 'demo/slow' });
    const stream = await overSse(gateway().url, key.secret, SILENT.alerts);
    await begun();
    await revokeGrant(gateway(), id);
    expect(await stream.ended).toEqual(errorOf('FORBIDDEN', /has changed/));
  });
});
