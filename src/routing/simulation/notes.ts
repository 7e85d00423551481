import type { RouteSpec } from '../../domain/route.ts';
import type { PlannedRoute } from '../plan.ts';
import type { Replayed } from './replay.ts';

/** What was assumed, in sentences. */
export function listNotes(
  routes: readonly PlannedRoute[],
  { draft, baseline }: Replayed,
  { requests, sampled }: { requests: number; sampled: number },
): string[] {
  const asksFor = (name: string) =>
    routes.some(({ targets }) =>
      targets.some(({ condition }) => condition && new RegExp(`\\b${name}\\b`).test(condition)),
    );
  const has = (...strategies: RouteSpec['strategy'][]) =>
    routes.some(({ strategy }) => strategies.includes(strategy));
  const notes: [boolean, string][] = [
    [
      true,
      'a model that really answered a request does so again, at its real cost and in its real time; another one is expected to use as many tokens, at the price of now, to take as long as its answers did in the range, and to fail as often',
    ],
    [true, 'what was refused before a model was called left no record, and is on neither side'],
    [
      sampled < requests,
      `${sampled} of ${requests} requests were replayed, so that fewer are under way at a time than there were`,
    ],
    [
      draft.unpriced + baseline.unpriced > 0,
      `without a known cost, and so in no sum: ${baseline.unpriced} requests of the baseline, ${draft.unpriced} of the draft`,
    ],
    [
      draft.untimed > 0,
      `${draft.untimed} requests go to models that gave no answer in the range, so nobody knows how fast`,
    ],
    [has('LEARNED'), 'what was learned begins with nothing, and without the scores of people'],
    [has('WEIGHTED', 'LOWEST_LATENCY', 'LEARNED', 'LEAST_BUSY'), 'lots are drawn anew, always the same ones'],
    [has('ROUND_ROBIN'), 'turns begin with the first target'],
    [asksFor('budgetUsed'), 'budgetUsed is not recorded, and counts as 0'],
    [
      routes.some(({ canary, experiment, trial }) => experiment || (canary && trial?.state !== 'PROMOTED')),
      'experiments, and canaries that have not taken over, are left out: requests go to the targets',
    ],
    [asksFor('flags'), 'flags are not recorded, and count as none'],
    [
      routes.some(({ hedgePercentile, repairs }) => hedgePercentile !== undefined || repairs > 0),
      'second calls, repairs and retries are not made up: only those that there really were are in the numbers',
    ],
  ];
  return notes.filter(([applies]) => applies).map(([, note]) => note);
}
