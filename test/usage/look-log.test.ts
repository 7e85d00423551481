import { describe, expect, it } from 'vitest';
import { createLookLog } from '../../src/usage/look-log.ts';
import type { Cell } from '../../src/usage/news.ts';
import { emptyTotals } from '../../src/usage/totals.ts';

const of = {
  organisationId: 'org_1',
  teamId: 'team_1',
  keyId: 'key_1',
  provider: 'vendor',
  model: 'vendor/model',
  status: 'SUCCEEDED',
  origin: 'CALLER' as const,
  prompt: '',
  tags: [],
  endUserId: '',
};
const cell = (requests: number, organisationId = 'org_1'): Cell => ({
  of: { ...of, organisationId },
  totals: { ...emptyTotals(), requests },
});
const requests = (cells: Cell[] | undefined) => cells?.map(({ totals }) => totals.requests);

describe('what the last looks found', () => {
  it('is read from any place on, by organisation', () => {
    const log = createLookLog();
    log.add([cell(1), cell(2, 'org_2')]);
    log.add([cell(3)]);
    expect(log.next()).toBe(2);
    expect(requests(log.read('org_1', 0))).toEqual([1, 3]);
    expect(requests(log.read('org_1', 1))).toEqual([3]);
    expect(requests(log.read('org_2', 1))).toEqual([]);
    expect(log.read('org_1', 2)).toEqual([]);
  });

  it('is forgotten when it is too much, and whoever had not read it is told so', () => {
    const log = createLookLog();
    const many = Array.from({ length: 15_000 }, () => cell(1));
    log.add(many);
    expect(log.read('org_1', 0)).toHaveLength(15_000);
    log.add(many);
    expect(log.read('org_1', 0)).toBeUndefined();
    expect(log.read('org_1', 1)).toHaveLength(15_000);
    log.clear();
    expect(log.read('org_1', 1)).toBeUndefined();
    expect(log.read('org_1', log.next())).toEqual([]);
  });

  it('wakes those of its organisation, and whoever leaves', async () => {
    const log = createLookLog();
    const leaving = new AbortController();
    const waits = [
      log.waitFor('org_1', 0, new AbortController().signal).then(() => 'told'),
      log.waitFor('org_2', 0, leaving.signal).then(() => 'left'),
    ];
    log.add([cell(1)]);
    expect(await Promise.race(waits)).toBe('told');
    leaving.abort();
    expect(await Promise.all(waits)).toEqual(['told', 'left']);
    await log.waitFor('org_1', 0, new AbortController().signal);
  });
});
