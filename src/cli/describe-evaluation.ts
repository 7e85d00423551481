import type { Comparison, Result, Standing, Summary } from './eval-graph.ts';

const FAILING_TOLD = 20;
const ANSWER_CHARS = 200;
const BAR_CELLS = 24;

/** One line that tells how far it is. */
export function describeProgress({ status, counts, cost, etaSeconds }: Standing): string {
  if (status === 'QUEUED') return 'waits for other evaluations to end';
  const { total, done, passed, failed, errors } = counts;
  return [
    `${done}/${total}`,
    `${passed} passed`,
    `${failed + errors} failed`,
    `$${cost.amount}`,
    ...(etaSeconds === null ? [] : [`${etaSeconds} s left`]),
  ].join('  ');
}

/** The same with a bar, for a terminal. */
export function drawProgress(standing: Standing): string {
  const { done, total } = standing.counts;
  const full = Math.floor((BAR_CELLS * done) / Math.max(1, total));
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}  ${describeProgress(standing)}`;
}

/** What came of it, with the cases that did not pass. */
export function describeEvaluation(standing: Standing, summary: Summary, results: readonly Result[]): string {
  const { id, status, stopMessage, counts, cost, promptVersion, dataset, datasetVersion } = standing;
  const { slug } = promptVersion.prompt;
  const failing = results.filter(({ passed }) => !passed);
  const more = failing.length - FAILING_TOLD;
  return [
    `${slug} v${promptVersion.number} on ${dataset.name} v${datasetVersion}: ${status}${stopMessage === null ? '' : `, ${stopMessage}`}`,
    `  ${counts.passed} of ${counts.total} cases passed${summary.passed ? `, ${describeRate(summary.passed)}` : ''}${counts.errors > 0 ? `; ${counts.errors} without an answer` : ''}`,
    ...summary.graders.map(
      ({ grader, passed, meanScore, interval }) =>
        `  ${grader.name}: ${passed ? describeRate(passed) : 'nothing graded'}${meanScore === null ? '' : `; mean score ${meanScore.toFixed(3)}${describeInterval(interval, 3)}`}`,
    ),
    ...(summary.latency ? [`  p50 ${summary.latency.p50Ms} ms, p95 ${summary.latency.p95Ms} ms`] : []),
    `  $${cost.amount}, ${id}`,
    ...failing.slice(0, FAILING_TOLD).flatMap(describeFailing),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    '',
  ].join('\n');
}

function describeFailing({ caseId, case: one, error, text, graded }: Result): string[] {
  const why = graded
    .filter(({ passed }) => !passed)
    .map(({ grader, score, reason }) => `      ${grader} ${score.toFixed(2)}: ${reason}`);
  const answer = error ?? JSON.stringify((text ?? '').slice(0, ANSWER_CHARS));
  return [`  ✗ ${one?.name ?? caseId}: ${answer}`, ...why];
}

export function describeComparison(
  { cases, passed, graders, better, worse, betterCount, worseCount }: Comparison,
  with_: string,
): string {
  if (!passed) return `no case in common with ${with_}\n`;
  const names = (list: Comparison['better'], count: number) =>
    count === 0 ? '' : `: ${list.map((each) => each.case?.name ?? '?').join(', ')}`;
  return [
    `compared with ${with_}, of ${cases} cases in common:`,
    `  passed ${toPercent(passed.a)} → ${toPercent(passed.b)}, by ${toPoints(passed.difference)}${describePoints(passed.interval)}, p ${passed.chance.toFixed(3)}`,
    ...graders.map(
      ({ grader, score }) =>
        `  ${grader}: ${score.a.toFixed(3)} → ${score.b.toFixed(3)}${describeInterval(score.interval, 3)}`,
    ),
    `  better ${betterCount}${names(better, betterCount)}`,
    `  worse ${worseCount}${names(worse, worseCount)}`,
    '',
  ].join('\n');
}

function describeRate({ rate, interval }: { rate: number; interval: { low: number; high: number } }): string {
  return `${toPercent(rate)} (${toPercent(interval.low)} to ${toPercent(interval.high)})`;
}

function describeInterval(interval: { low: number; high: number } | null, digits: number): string {
  return interval ? ` (${interval.low.toFixed(digits)} to ${interval.high.toFixed(digits)})` : '';
}

function describePoints(interval: { low: number; high: number } | null): string {
  return interval ? ` (${toPoints(interval.low)} to ${toPoints(interval.high)})` : '';
}

function toPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function toPoints(share: number): string {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} points`;
}
