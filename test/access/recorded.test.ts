import { beforeAll, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { makeKey, type MadeKey } from './support/keys.ts';
import { addUser } from './support/users.ts';

const gateway = useGateway();
let admin: MadeKey;
beforeAll(async () => {
  admin = await makeKey(gateway(), { scopes: ['ADMIN'], name: 'auditor' });
});

/** What the audit says was done to something, the last first. */
async function recordsOf(targetId: string) {
  const query = `{ auditEvents(first: 200) {
    nodes { action actor targetId target { __typename id } before after requestId }
  } }`;
  const { data } = await gateway().ask(query);
  return data.auditEvents.nodes.filter((event: { targetId: string }) => event.targetId === targetId);
}

async function change(mutation: string) {
  const headers = { 'x-request-id': 'of-this-test' };
  const { data, errors } = await gateway().ask(
    `mutation { answer: ${mutation} }`,
    {},
    { key: admin.secret, headers },
  );
  expect(errors).toBeUndefined();
  expect(data.answer.errors).toEqual([]);
  return data.answer;
}

it('is written down what became of a key, and no secret of it', async () => {
  const { key, secret } =
    await change(`keyCreate(input: { name: "web", role: "CALLER", models: ["demo/echo"] }) {
    key { id hint } secret errors { code }
  }`);
  const { id } = key;
  await change(
    `keyUpdate(input: { id: "${id}", name: "site", allowedIps: ["10.0.0.0/8"], tags: [{ key: "a", value: "b" }] }) { errors { code } }`,
  );
  const rotated = await change(`keyRotate(id: "${id}") { key { hint } secret errors { code } }`);
  for (const _ of [1, 2]) await change(`keyRevoke(id: "${id}") { errors { code } }`);
  const records = await recordsOf(id);
  const by = {
    actor: admin.id,
    targetId: id,
    target: { __typename: 'ApiKey', id },
    requestId: expect.any(String),
  };
  const made = {
    name: 'web',
    teamId: 'team_default',
    hint: key.hint,
    scopes: ['COMPLETIONS_WRITE'],
    models: ['demo/echo'],
  };
  const updated = { name: 'site', allowedIps: ['10.0.0.0/8'], tags: [{ key: 'a', value: 'b' }] };
  expect(records).toMatchObject([
    { ...by, action: 'key.revoke', before: updated, after: { ...updated, revokedAt: expect.any(String) } },
    { ...by, action: 'key.rotate', before: { hint: key.hint }, after: { hint: rotated.key.hint } },
    { ...by, action: 'key.update', before: made, after: { ...made, ...updated } },
    { ...by, action: 'key.create', before: null, after: { ...made, allowedIps: [], tags: [] } },
  ]);
  const rows = await gateway().gateway.database.sql<
    { hash: string }[]
  >`SELECT secret_hash AS hash FROM api_keys`;
  const text = JSON.stringify(records);
  for (const hidden of [secret, rotated.secret].map((each: string) =>
    each.slice('sk-sluice-'.length + 3, -3),
  ))
    expect(text).not.toContain(hidden);
  for (const { hash } of rows) expect(text).not.toContain(hash);
});

it('is written down what became of teams, members, users and roles', async () => {
  const user = await addUser(gateway(), 'Ann');
  const { team } = await change('teamCreate(input: { name: "red" }) { team { id } errors { code } }');
  await change(`teamRename(input: { id: "${team.id}", name: "blue" }) { errors { code } }`);
  await change('roleSet(input: { name: "lead", scopes: [USAGE_READ] }) { errors { code } }');
  await change('roleSet(input: { name: "lead", scopes: [AUDIT_READ] }) { errors { code } }');
  const place = `userId: "${user}", teamId: "${team.id}"`;
  for (const role of ['lead', 'CALLER'])
    await change(`memberSet(input: { ${place}, role: "${role}" }) { errors { code } }`);
  await change(`memberRemove(input: { ${place} }) { errors { code } }`);
  await change('roleDelete(name: "lead") { errors { code } }');
  await change(`userDisable(id: "${user}") { errors { code } }`);
  const by = { actor: admin.id, requestId: expect.any(String) };
  const target = (__typename: string, id: string) => ({ ...by, targetId: id, target: { __typename, id } });
  expect(await recordsOf(team.id)).toEqual([
    { ...target('Team', team.id), action: 'team.rename', before: { name: 'red' }, after: { name: 'blue' } },
    { ...target('Team', team.id), action: 'team.create', before: null, after: { name: 'red' } },
  ]);
  const ofUser = target('User', user);
  const teamId = team.id;
  expect(await recordsOf(user)).toEqual([
    {
      ...ofUser,
      action: 'user.disable',
      before: { disabledAt: null },
      after: { disabledAt: expect.any(String) },
    },
    { ...ofUser, action: 'member.remove', before: { teamId, role: 'CALLER' }, after: null },
    { ...ofUser, action: 'member.set', before: { teamId, role: 'lead' }, after: { teamId, role: 'CALLER' } },
    { ...ofUser, action: 'member.set', before: null, after: { teamId, role: 'lead' } },
  ]);
  const ofRole = { ...by, targetId: 'role_lead', target: null };
  expect(await recordsOf('role_lead')).toEqual([
    { ...ofRole, action: 'role.delete', before: { scopes: ['AUDIT_READ'] }, after: null },
    { ...ofRole, action: 'role.set', before: { scopes: ['USAGE_READ'] }, after: { scopes: ['AUDIT_READ'] } },
    { ...ofRole, action: 'role.set', before: null, after: { scopes: ['USAGE_READ'] } },
  ]);
});

it('is not written down what was refused', async () => {
  const count = async () =>
    (await gateway().ask('{ auditEvents { totalCount } }')).data.auditEvents.totalCount;
  const before = await count();
  for (const mutation of [
    'keyCreate(input: { name: "", scopes: [USAGE_READ] })',
    'teamCreate(input: { name: "" })',
    'roleSet(input: { name: "OWNER", scopes: [USAGE_READ] })',
    'memberSet(input: { userId: "user_x", teamId: "team_default", role: "CALLER" })',
  ]) {
    const { data } = await gateway().ask(`mutation { answer: ${mutation} { errors { code } } }`);
    expect(data.answer.errors).toHaveLength(1);
  }
  expect(await count()).toBe(before);
});
