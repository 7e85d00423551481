import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import type { TimeRange } from './cover.ts';
import type { Granularity } from './dimensions.ts';

/** Most rows of a report: groups, or groups × buckets. */
export const MAX_ROWS = 10_000;

const SHORTEST_MS: Record<Granularity, number> = {
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 23 * 3_600_000,
  WEEK: 7 * 86_400_000 - 3_600_000,
  MONTH: 28 * 86_400_000 - 3_600_000,
};

/** @throws InvalidInput with everything that is wrong with what is asked for. */
export function ensureBounded(ask: {
  range: TimeRange;
  granularity: Granularity | undefined;
  timeZone: string;
}): void {
  const { granularity, timeZone } = ask;
  const { from, to = new Date() } = ask.range;
  const issues: InputIssue[] = [];
  if (!isTimeZone(timeZone)) {
    const message = `timeZone is ${JSON.stringify(timeZone.slice(0, 64))}; it must be a name of the IANA database, such as "Europe/Berlin"`;
    issues.push({ path: ['timeZone'], message });
  }
  if (ask.range.to && to < from) {
    const message = `range.to is ${to.toISOString()}, which is before range.from`;
    issues.push({ path: ['range', 'to'], message });
  }
  const buckets = granularity ? (to.getTime() - from.getTime()) / SHORTEST_MS[granularity] : 0;
  if (buckets > MAX_ROWS) {
    const message = `the range has more than ${MAX_ROWS} buckets of a ${granularity}; ask for a shorter range or a coarser granularity`;
    issues.push({ path: ['granularity'], message });
  }
  if (issues.length > 0) throw new InvalidInput(issues);
}
