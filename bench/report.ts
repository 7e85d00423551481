import type { Sample, Series } from './measure.ts';
import type { Scenario } from './scenario.ts';

type Figure = (sample: Sample) => number;

interface Column {
  title: string;
  digits: number;
  figure: Figure;
}

const callsPerSecond: Figure = ({ calls, durationMs }) => (calls / durationMs) * 1000;
const wordsPerSecond: Figure = ({ words, durationMs }) => (words / durationMs) * 1000;

const ANSWER_COLUMNS: Column[] = [
  { title: 'req/s', digits: 0, figure: callsPerSecond },
  { title: 'p50 ms', digits: 1, figure: ({ totalMs }) => totalMs.p50 },
  { title: 'p99 ms', digits: 1, figure: ({ totalMs }) => totalMs.p99 },
  { title: 'CPU µs/req', digits: 0, figure: ({ cpuMicros, calls }) => cpuMicros / calls },
];
const STREAM_COLUMNS: Column[] = [
  { title: 'tokens/s', digits: 0, figure: wordsPerSecond },
  { title: 'first p50 ms', digits: 1, figure: ({ firstWordMs }) => firstWordMs.p50 },
  { title: 'first p99 ms', digits: 1, figure: ({ firstWordMs }) => firstWordMs.p99 },
  { title: 'CPU µs/token', digits: 0, figure: ({ cpuMicros, words }) => cpuMicros / words },
];
const BASELINES = ['bare Yoga', 'bare proxy'];
const NOTHING = '–';

/** A table of medians: one line for each system, the throughput also as a ratio to the bare ones. */
export function describeSeries(scenario: Scenario, series: Series[]): string {
  const columns = scenario.kind === 'answer' ? ANSWER_COLUMNS : STREAM_COLUMNS;
  const throughput = scenario.kind === 'answer' ? callsPerSecond : wordsPerSecond;
  const head = ['', ...columns.map(({ title }) => title), ...BASELINES.map((name) => `of ${name}`)];
  const rows = series.map((own) => [
    own.system,
    ...columns.map(({ figure, digits }) => format(median(own.samples.map(figure)), digits)),
    ...BASELINES.map((name) =>
      describeRatio(
        own,
        series.find(({ system }) => system === name),
        throughput,
      ),
    ),
  ]);
  return `${scenario.title}\n${layOut([head, ...rows])}\n`;
}

/** The median of the rounds' own ratios: within a round both had the same machine. */
function describeRatio(own: Series, baseline: Series | undefined, throughput: Figure): string {
  if (!baseline) return NOTHING;
  const ratios = own.samples.flatMap((sample, round) => {
    const other = baseline.samples[round];
    return other ? [throughput(sample) / throughput(other)] : [];
  });
  return `${format(median(ratios) * 100, 0)} %`;
}

/** A table in columns, its first line the titles. */
export function layOut(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

export function format(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : NOTHING;
}
