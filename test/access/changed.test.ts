import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { makeKey, type MadeKey } from './support/keys.ts';
import { peopleOf } from './support/people.ts';
import { addUser } from './support/users.ts';

const gateway = useGateway();
const { change, setMember, setRole } = peopleOf(gateway);

describe('whoever was changed', () => {
  const enter = ({ secret }: MadeKey) =>
    gateway().gateway.authenticator.authenticate({ authorization: `Bearer ${secret}`, ip: '127.0.0.1' });
  /** Behind the back of the gateway, as another instance may do it. */
  const widen = ({ id }: MadeKey) =>
    gateway().gateway.database.sql`UPDATE api_keys SET scopes = '["AUDIT_READ"]' WHERE id = ${id}`;

  it('is forgotten here when a role was changed', async () => {
    const key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    await enter(key);
    await widen(key);
    expect((await enter(key)).scopes).toEqual(new Set(['USAGE_READ']));
    await setRole('any', ['USAGE_READ']);
    expect((await enter(key)).scopes).toEqual(new Set(['AUDIT_READ']));
  });

  it.each(['USER_CHANGED', 'ROLE_CHANGED'])(
    'is forgotten when another instance tells of %s',
    async (kind) => {
      const key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
      await enter(key);
      await widen(key);
      const { database, announceCommit } = gateway().gateway;
      const subject = kind === 'USER_CHANGED' ? key.id : 'org_default';
      await database.sql`
      INSERT INTO outbox (organisation_id, kind, subject_id) VALUES ('org_default', ${kind}, ${subject})`;
      announceCommit();
      await expect
        .poll(async () => [...(await enter(key)).scopes], { timeout: 4_000 })
        .toEqual(['AUDIT_READ']);
    },
  );

  it('is told of to the other instances', async () => {
    const user = await addUser(gateway(), 'Tom');
    await setMember(user, 'team_default', 'CALLER');
    await change('userDisable(id: $id) { errors { code } }', { id: user });
    await setRole('told', ['USAGE_READ']);
    const rows = await gateway().gateway.database.sql<{ told: string }[]>`
      SELECT kind || ' ' || subject_id AS told FROM outbox WHERE kind IN ('USER_CHANGED', 'ROLE_CHANGED') ORDER BY seq DESC LIMIT 3`;
    expect(rows.map(({ told }) => told)).toEqual([
      'ROLE_CHANGED org_default',
      `USER_CHANGED ${user}`,
      `USER_CHANGED ${user}`,
    ]);
  });
});
