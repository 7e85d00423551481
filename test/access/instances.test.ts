import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bootGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { startIssuer } from './support/issuer.ts';
import { makeKey, revoke } from './support/keys.ts';
import { HASHING_SECRET } from './support/organisation.ts';
import { peopleOf } from './support/people.ts';
import { knownUser, WHO } from './support/signed-in.ts';
import { begun, errorOf, overSse, overWs, SILENT } from './support/streams.ts';

const SERVER = process.env['SLUICE_TEST_DATABASE_URL'];
const REDIS = process.env['REDIS_URL'];
/** Without news an instance believes for five seconds what it has read. */
const BY_NEWS = { timeout: 4_500 };
const ROLE = 'WATCHER';
const UNKNOWN = errorOf('UNAUTHENTICATED', /unknown, expired or revoked/);
const DISABLED = errorOf('UNAUTHENTICATED', /disabled/);
const OUTSIDE = errorOf('FORBIDDEN', /no team/);
const CHANGED = errorOf('FORBIDDEN', /has changed/);

const issuer = await startIssuer();
afterAll(() => issuer.stop());

const WAYS: [string, Record<string, string>][] = [['look for news by themselves', {}]];
if (REDIS) WAYS.push(['tell each other over Redis', { REDIS_URL: REDIS }]);

describe.skipIf(!SERVER).each(WAYS)('two instances that %s', (how, variables) => {
  let database: TestDatabase;
  let here: TestGateway;
  let there: TestGateway;
  const { change, setMember, setRole } = peopleOf(() => here);
  const scopesOf = (scopes: string[]) => ({ data: { viewer: { scopes } } });

  beforeAll(async () => {
    database = await createTestDatabase();
    const boot = () =>
      bootGateway({
        databaseUrl: database.databaseUrl,
        variables: { SLUICE_SECRET: HASHING_SECRET, ...variables },
        config: { identity: { certificates: [], issuers: [issuer.config({ claims: {} })] } },
      });
    [here, there] = await Promise.all([boot(), boot()]);
    // It would end subscriptions too, if later: so what ends them here can only be news.
    vi.spyOn(there.gateway.authenticator, 'recheck').mockResolvedValue();
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await Promise.all([here.stop(0), there.stop(0)]);
    await database.drop();
  });

  /** Somebody who is in the default team, with a role of the organisation's own. */
  async function makeUser(subject: string): Promise<{ token: string; userId: string }> {
    const token = await issuer.sign({ sub: `${subject} ${how}` });
    await here.ask(WHO, {}, { key: token });
    const { id: userId } = await knownUser(here, `${subject} ${how}`);
    await setRole(ROLE, ['USAGE_READ', 'AUDIT_READ']);
    expect((await setMember(userId, 'team_default', ROLE)).errors).toEqual([]);
    return { token, userId };
  }

  /** Somebody who has asked the other instance a moment ago, and whose subscriptions are open there. */
  async function settleThere(token: string) {
    const ask = () => there.ask(WHO, {}, { key: token });
    await expect.poll(ask).toHaveProperty('data.viewer');
    const open = (over: typeof overWs) => over(there.url, token, SILENT['usage ticks']);
    const streams = await Promise.all([open(overSse), open(overWs)]);
    await begun();
    expect(await ask()).toHaveProperty('data.viewer');
    return { ask, ends: () => Promise.all(streams.map(({ ended }) => ended)) };
  }

  it('refuse a key that was revoked on the other', async () => {
    const key = await makeKey(here, { scopes: ['USAGE_READ'] });
    const { ask, ends } = await settleThere(key.secret);
    await revoke(here, key);
    await expect.poll(ask, BY_NEWS).toMatchObject(UNKNOWN);
    expect(await ends()).toMatchObject([UNKNOWN, UNKNOWN]);
  });

  it('do so too while some transaction on the server, which holds back other news, goes on', async () => {
    const key = await makeKey(here, { scopes: ['USAGE_READ'] });
    const { ask, ends } = await settleThere(key.secret);
    const release = Promise.withResolvers<void>();
    const slow = here.gateway.database.sql.begin(async (tx) => {
      await tx`SELECT pg_current_xact_id()`;
      await revoke(here, key);
      await release.promise;
    });
    await expect.poll(ask, BY_NEWS).toMatchObject(UNKNOWN);
    expect(await ends()).toMatchObject([UNKNOWN, UNKNOWN]);
    release.resolve();
    await slow;
  });

  it('refuse a user who was disabled on the other, and take one back', async () => {
    const { token, userId: id } = await makeUser('disabled');
    const { ask, ends } = await settleThere(token);
    await change('userDisable(id: $id) { errors { code } }', { id });
    await expect.poll(ask, BY_NEWS).toMatchObject(DISABLED);
    expect(await ends()).toMatchObject([DISABLED, DISABLED]);
    await change('userEnable(id: $id) { errors { code } }', { id });
    await expect.poll(ask, BY_NEWS).toHaveProperty('data.viewer');
  });

  it('let nobody in who was taken out of the team on the other', async () => {
    const { token, userId: user } = await makeUser('removed');
    const { ask, ends } = await settleThere(token);
    const remove = 'memberRemove(input: { userId: $user, teamId: $team }) { errors { code } }';
    await change(remove, { user, team: 'team_default' });
    await expect.poll(ask, BY_NEWS).toMatchObject(OUTSIDE);
    expect(await ends()).toMatchObject([OUTSIDE, OUTSIDE]);
  });

  it('allow no more than the role that a member was given on the other', async () => {
    const { token, userId } = await makeUser('reduced');
    const { ask, ends } = await settleThere(token);
    await setMember(userId, 'team_default', 'CALLER');
    await expect.poll(ask, BY_NEWS).toMatchObject(scopesOf(['COMPLETIONS_WRITE']));
    expect(await ends()).toMatchObject([CHANGED, CHANGED]);
  });

  it('allow no more than a role was made to on the other', async () => {
    const { token } = await makeUser('one of many');
    const { ask, ends } = await settleThere(token);
    await setRole(ROLE, ['AUDIT_READ']);
    await expect.poll(ask, BY_NEWS).toMatchObject(scopesOf(['AUDIT_READ']));
    expect(await ends()).toMatchObject([CHANGED, CHANGED]);
  });
});
