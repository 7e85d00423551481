import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { bootGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { NO_REDIS, startOwnRedis, type OwnRedis } from './support/own-redis.ts';
import { LIMIT_ERROR } from './support/limits.ts';

const SERVER = process.env['SLUICE_TEST_DATABASE_URL'];
const WITHIN = { timeout: 10_000 };
const { limits, timeouts } = DEFAULTS;
const each: Config['limits']['each'] = [
  { scope: 'ORGANISATION', unit: 'REQUESTS_PER_MINUTE', max: 40 },
  { scope: 'MODEL', unit: 'CONCURRENT', max: 6 },
];
const ASK = `mutation ($model: String!) {
  completionCreate(input: { model: $model, source: { text: "hi" } }) {
    completion { status } errors { ${LIMIT_ERROR} }
  }
}`;

/** On the embedded database each has one of its own, and what they share is Redis; else also the database. */
describe.skipIf(NO_REDIS)('two instances with one Redis', () => {
  let redis: OwnRedis;
  let two: TestGateway[];
  let drop: () => Promise<void>;

  beforeAll(async () => {
    redis = await startOwnRedis();
    const database = await createTestDatabase();
    drop = database.drop;
    const variables = { REDIS_URL: redis.url, SLUICE_SECRET: 'a-shared-hashing-key-Qm38fhWq81ncVbz77TtY' };
    // Redis may be slow here without being gone: everything shares one busy machine.
    const config = { limits: { ...limits, each }, timeouts: { ...timeouts, sharedLimitsMs: 5_000 } };
    const boot = () => bootGateway({ variables, databaseUrl: database.databaseUrl, config });
    two = [await boot(), await boot()];
  });
  afterAll(async () => {
    for (const { gateway } of two) {
      await expectNothingHeld(gateway.database);
      await expectBooksToBalance(gateway.database);
    }
    await Promise.all(two.map((gateway) => gateway.stop(0)));
    await redis[Symbol.asyncDispose]();
    await drop();
  });

  async function askAll(count: number, model: string, of = two) {
    const answers = await Promise.all(
      Array.from({ length: count }, (_, n) => of[n % of.length]!.ask(ASK, { model })),
    );
    const all = answers.map(({ data }) => data.completionCreate);
    return {
      passed: all.filter(({ completion }) => completion !== null).length,
      errors: all.flatMap(({ completion, errors }) => (completion ? [] : errors)),
    };
  }

  it('let not one too many be under way, and not one too many begin', async () => {
    const slow = await askAll(30, 'demo/slow');
    expect(slow.passed).toBe(6);
    for (const error of slow.errors)
      expect(error).toMatchObject({ scope: 'MODEL', unit: 'CONCURRENT', limit: 6 });
    let passed = 6;
    // Places of another model are free again as soon as each has ended.
    for (let turn = 0; turn < 20 && passed < 40; turn += 1) passed += (await askAll(12, 'demo/echo')).passed;
    expect(passed).toBe(40);
    const { errors } = await askAll(20, 'demo/echo');
    expect(errors).toHaveLength(20);
    for (const error of errors)
      expect(error).toMatchObject({
        scope: 'ORGANISATION',
        unit: 'REQUESTS_PER_MINUTE',
        limit: 40,
        remaining: 0,
      });
  });

  it('go on with their shares while Redis is gone, and together when it is back', async () => {
    const [one] = two as [TestGateway];
    await redis.kill();
    // It has let about half of them through itself, and may let no more than half through.
    const alone = await askAll(30, 'demo/echo', [one]);
    for (const error of alone.errors) expect(error.code).toBe('RATE_LIMITED');
    expect(alone.passed).toBeLessThanOrEqual(20);
    const said = () => two.map(({ logs }) => logs.join('').split('limits are shared in Redis').length - 1);
    const before = said();
    await redis.start();
    await expect.poll(said, WITHIN).toEqual(before.map((times) => times + 1));
    // What it has lost is what both had let through, and both have told it.
    expect((await askAll(10, 'demo/echo')).passed).toBe(0);
  });
});

describe.skipIf(!SERVER)('two instances on one PostgreSQL without Redis', () => {
  it('hear of a limit that is set at the other one', async () => {
    const database = await createTestDatabase();
    const variables = { SLUICE_SECRET: 'a-shared-hashing-key-Qm38fhWq81ncVbz77TtY' };
    const boot = () => bootGateway({ variables, databaseUrl: database.databaseUrl });
    const [one, other] = [await boot(), await boot()];
    await one.ask(`mutation {
      limitSet(input: { scope: TEAM, subjectId: "team_default", unit: TOKENS_PER_MINUTE, max: 1 }) { limit { id } }
    }`);
    const codeOf = async () =>
      (await other.ask(ASK, { model: 'demo/echo' })).data.completionCreate.errors[0]?.code;
    await expect.poll(codeOf, WITHIN).toBe('RATE_LIMITED');
    await Promise.all([one.stop(0), other.stop(0)]);
    await database.drop();
  });
});
