import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendEvent } from '../../src/events/outbox.ts';
import { addOrganisation, HASHING_SECRET, type Tenant } from '../access/support/organisation.ts';
import { makeKey, revoke, type MadeKey } from '../access/support/keys.ts';
import { perToken, setPrice } from '../catalog/support/prices.ts';
import { bootGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { COMPLETE, HIT, kept, NOT_KEPT, say, toldIn } from './support/reads.ts';

const SERVER = process.env['SLUICE_TEST_DATABASE_URL'];
const REDIS = process.env['REDIS_URL'];

const SETUPS: { name: string; redis: Record<string, string>; instances: number; possible: boolean }[] = [
  { name: 'on the instance itself', redis: {}, instances: 1, possible: true },
  { name: 'on another instance, without Redis', redis: {}, instances: 2, possible: Boolean(SERVER) },
  {
    name: 'on another instance, with Redis',
    redis: { REDIS_URL: REDIS ?? '' },
    instances: 2,
    possible: Boolean(SERVER && REDIS),
  },
];

describe.each(SETUPS.filter(({ possible }) => possible))('$name', ({ redis, instances }) => {
  let database: TestDatabase;
  let changing: TestGateway;
  /** Where answers are kept. */
  let reading: TestGateway;
  let other: Tenant;
  let key: MadeKey;
  let texts = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    const boot = () =>
      bootGateway({
        databaseUrl: database.databaseUrl,
        variables: { SLUICE_SECRET: HASHING_SECRET, ...redis },
      });
    changing = await boot();
    reading = instances === 1 ? changing : await boot();
    other = await addOrganisation(changing, 'Other');
    key = await makeKey(changing, { scopes: ['COMPLETIONS_WRITE'] });
  });
  afterAll(async () => {
    await changing.stop(0);
    if (reading !== changing) await reading.stop(0);
    await database.drop();
  });

  /** Waits until the news of what was changed so far has come to where answers are kept. */
  async function untilTold(): Promise<void> {
    const [last] = await changing.gateway.database.sql<
      { seq: string }[]
    >`SELECT max(seq)::text AS seq FROM outbox`;
    const isTold = () => reading.gateway.relay.position().seq >= BigInt(last!.seq);
    await expect.poll(isTold, { timeout: 30_000 }).toBe(true);
    // What is read anew because of it is read one after the other, so this comes behind.
    await reading.gateway.askFirst.reload('org_default');
  }

  /** Asks for a completion that is kept for an hour, so that it goes by a change or not at all. */
  async function keep(secret = key.secret) {
    const variables = { input: say(`change ${++texts}`), cache: {} };
    const ask = async () => {
      const answer = await reading.ask(COMPLETE, variables, { key: secret });
      return { ...answer.data.complete.completion, told: toldIn(answer) };
    };
    const first = await ask();
    expect(first.told).toEqual(kept(3_600_000));
    expect((await ask()).told).toEqual(HIT);
    return { ask, first };
  }

  /** What holds here at once, and elsewhere when the news has come: the last that was seen. */
  async function see<Seen>(look: () => Promise<Seen>, holds: (seen: Seen) => boolean, withinMs: number) {
    const endsAt = performance.now() + (reading === changing ? 0 : withinMs);
    let seen = await look();
    while (!holds(seen) && performance.now() < endsAt) {
      await wait(20);
      seen = await look();
    }
    return seen;
  }

  async function expectGone({ ask, first }: Awaited<ReturnType<typeof keep>>) {
    const { id } = await see(ask, (seen) => seen.id !== first.id, 30_000);
    expect(id).not.toBe(first.id);
  }

  it('a new price is seen, and another organisation keeps its answers', async () => {
    const [ours, theirs] = [await keep(), await keep(other.admin.secret)];
    await setPrice(changing, { model: 'demo/echo', rates: perToken(11) });
    await expectGone(ours);
    expect((await ours.ask()).model.prices).toEqual([{ amount: { amount: '0.011' } }]);
    expect((await theirs.ask()).told).toEqual(HIT);
  });

  it('a price list that holds for everybody changes the answers of everybody', async () => {
    const [ours, theirs] = [await keep(), await keep(other.admin.secret)];
    await changing.gateway.database.sql.begin((tx) =>
      appendEvent(tx, { kind: 'PRICES_CHANGED', organisationId: '', subjectId: 'a list' }),
    );
    changing.gateway.announceCommit();
    for (const { ask, first } of [ours, theirs]) {
      await expect.poll(async () => (await ask()).id, { timeout: 30_000 }).not.toBe(first.id);
    }
  });

  it('a rotated key is shown as it is now, and answers that show another key stay', async () => {
    const [own, kin] = [
      await keep(),
      await keep((await makeKey(changing, { scopes: ['COMPLETIONS_WRITE'] })).secret),
    ];
    const { data } = await changing.ask(
      'mutation ($id: ID!) { keyRotate(id: $id, graceSeconds: 3600) { secret key { id } errors { message } } }',
      { id: key.id },
    );
    expect(data.keyRotate.errors).toEqual([]);
    await expectGone(own);
    expect((await own.ask()).key.hint).not.toBe(own.first.key.hint);
    expect((await kin.ask()).told).toEqual(HIT);
  });

  it('a model that takes an approval from now on is answered for nobody, and as before when it takes none', async () => {
    const { ask, first } = await keep();
    const setAskFirst = async (askFirst: boolean) => {
      const mutation = `mutation ($askFirst: Boolean!) {
        modelAccessSet(input: { name: "demo/echo", askFirst: $askFirst }) { errors { message } }
      }`;
      const { data } = await changing.ask(mutation, { askFirst });
      expect(data.modelAccessSet.errors).toEqual([]);
    };
    await setAskFirst(true);
    expect((await see(ask, ({ id }) => id !== first.id, 30_000)).id).toBeUndefined();
    await setAskFirst(false);
    expect((await see(ask, ({ id }) => id !== undefined, 30_000)).id).toBeDefined();
    await untilTold();
  });

  it('an event that nobody has thought of lets go of all that its organisation has kept', async () => {
    const [ours, theirs] = [await keep(), await keep(other.admin.secret)];
    const event = { kind: 'NEW_KIND' as never, organisationId: other.organisationId, subjectId: 'x' };
    await appendEvent(changing.gateway.database.sql, event);
    changing.gateway.announceCommit();
    await expect.poll(async () => (await theirs.ask()).id, { timeout: 30_000 }).not.toBe(theirs.first.id);
    expect((await ours.ask()).told).toEqual(HIT);
  });

  it('what completions and budgets change lets nothing go', async () => {
    const { ask } = await keep();
    await changing.ask(COMPLETE, { input: say('another') });
    await changing.ask(
      'mutation { budgetSet(input: { subjectId: "team_default", limit: "50", window: DAY }) { errors { code } } }',
    );
    const { relay } = reading.gateway;
    const { seq } = relay.position();
    changing.gateway.announceCommit();
    await expect
      .poll(() => relay.position().seq > seq || reading === changing, { timeout: 30_000 })
      .toBe(true);
    expect((await ask()).told).toEqual(HIT);
  });

  it.runIf(instances === 1)(
    'an answer is not kept when what it shows has changed while it was made',
    async () => {
      const input = { ...say('hi', 'demo/slow'), params: { maxOutputTokens: 25 } };
      const variables = { input, cache: {} };
      const answering = reading.ask(COMPLETE, variables, { key: key.secret });
      const running = '{ completions(filter: { status: [RUNNING] }) { totalCount } }';
      await expect.poll(async () => (await reading.ask(running)).data.completions.totalCount).toBe(1);
      await setPrice(changing, { model: 'demo/slow', rates: perToken(3) });
      expect(toldIn(await answering)).toEqual(NOT_KEPT);
    },
  );

  it('a revoked key gets no kept answer any more', async () => {
    const made = await makeKey(changing, { scopes: ['COMPLETIONS_WRITE'] });
    await keep(made.secret);
    await revoke(changing, made);
    const codeOf = async () => {
      const { errors } = await reading.ask('{ providers { name } }', {}, { key: made.secret });
      return errors?.[0]?.extensions['code'];
    };
    expect(await see(codeOf, (code) => code !== undefined, 1_000)).toBe('UNAUTHENTICATED');
  });
});
