import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { openLearnedStore } from '../../src/routing/arm-rows.ts';
import { createArms, type Arms } from '../../src/routing/arms.ts';
import { learn, viewArm } from '../../src/routing/learned.ts';
import { openTestDatabase } from '../support/test-database.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

let organisationId: string;
let organisations = 0;
let learning: number;
beforeEach(() => {
  organisationId = `org_${(organisations += 1)}`;
  learning = 0;
});

const GOOD = { succeeded: true, costNanos: 2_000, latencyMs: 300 };
const nameOf = (target: string) => ({ organisationId, route: 'fast', target });
const see = (arms: Arms, target: string, times = 1) => {
  for (let call = 0; call < times; call += 1) arms.change(nameOf(target), (arm) => learn(arm, GOOD));
};
const pulls = (arms: Arms, target: string) => arms.find(nameOf(target))?.success.count;

/** What one instance knows, and its way to the database. */
function open() {
  const arms = createArms((ofOne, route) => ({ routeId: `${ofOne} ${route}`, learning }));
  return { arms, store: openLearnedStore(database.sql, arms) };
}

describe('what routes have learned', () => {
  it('is known at once, and is there for an instance that starts later', async () => {
    const { arms, store } = open();
    see(arms, 'a/x', 3);
    expect(pulls(arms, 'a/x')).toBe(3);
    await store.exchange();
    const later = open();
    expect(pulls(later.arms, 'a/x')).toBeUndefined();
    await later.store.exchange();
    expect(viewArm('a/x', later.arms.find(nameOf('a/x'))!)).toEqual({
      target: 'a/x',
      pulls: 3,
      success: expect.closeTo(0.8, 2),
      feedback: undefined,
      costNanos: expect.closeTo(2_000, 5),
      latencyMs: expect.closeTo(300, 5),
    });
  });

  it('is what all instances have seen, once each', async () => {
    const [one, two] = [open(), open()];
    for (let round = 0; round < 3; round += 1) {
      see(one.arms, 'a/x', 2);
      see(two.arms, 'a/x');
      see(two.arms, 'b/x');
      for (const { store } of [one, two, one]) await store.exchange();
    }
    for (const { arms } of [one, two]) expect([pulls(arms, 'a/x'), pulls(arms, 'b/x')]).toEqual([9, 3]);
  });

  it('counts what is seen while the database is asked', async () => {
    const { arms } = open();
    see(arms, 'a/x');
    await arms.exchange(async (news) => {
      see(arms, 'a/x');
      expect(pulls(arms, 'a/x')).toBe(2);
      return news;
    });
    expect(pulls(arms, 'a/x')).toBe(2);
  });

  it('is kept and sent again when it cannot be written', async () => {
    const { arms, store } = open();
    see(arms, 'a/x', 2);
    const failing = arms.exchange(async () => {
      see(arms, 'a/x');
      throw new Error('no database');
    });
    await expect(failing).rejects.toThrow('no database');
    expect(pulls(arms, 'a/x')).toBe(3);
    await store.exchange();
    const later = open();
    await later.store.exchange();
    expect([pulls(arms, 'a/x'), pulls(later.arms, 'a/x')]).toEqual([3, 3]);
  });

  it('begins anew with each learning of the route', async () => {
    const { arms, store } = open();
    see(arms, 'a/x');
    await store.exchange();
    learning += 1;
    expect(pulls(arms, 'a/x')).toBeUndefined();
    see(arms, 'a/x');
    await store.exchange();
    expect(pulls(arms, 'a/x')).toBe(1);
  });

  it('can be far more than any number of calls that still counts', async () => {
    const { arms, store } = open();
    for (let round = 0; round < 2; round += 1) {
      see(arms, 'a/x', 50_000);
      await store.exchange();
    }
    expect(viewArm('a/x', arms.find(nameOf('a/x'))!)).toMatchObject({
      pulls: 100_000,
      success: expect.closeTo(1, 2),
      latencyMs: expect.closeTo(300, 5),
    });
  });

  it('is dropped when nothing was added to it for long', async () => {
    const { arms, store } = open();
    see(arms, 'a/x');
    see(arms, 'b/x');
    await store.exchange();
    await database.sql`UPDATE learned_arms SET updated_at = now() - interval '91 days' WHERE target = 'a/x'`;
    await store.trim();
    const left = await database.sql`
      SELECT target FROM learned_arms WHERE route_id = ${`${organisationId} fast`}`;
    expect(left).toEqual([{ target: 'b/x' }]);
  });
});
