import { formatNanos } from '../lib/money.ts';
import type { Granularity, UsageDimension } from './dimensions.ts';
import { percentileOf } from './histogram.ts';
import type { UsageReport } from './report.ts';
import type { UsageGroup, UsageTotals } from './totals.ts';

export const EXPORT_FORMATS = ['CSV', 'JSON'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

type Cell = string | number | null;
type Line = UsageGroup & { start?: Date };

interface Column {
  name: string;
  read(line: Line): Cell;
}

/**
 * A report as a table for other programs: a line for each group in each bucket, for each group, or for everything, as it
 * was asked for. Costs are USD as exact decimals, times milliseconds.
 */
export function exportUsage(
  report: UsageReport,
  ask: { groupBy: readonly UsageDimension[]; granularity: Granularity | undefined },
  format: ExportFormat,
): string {
  const columns = [
    ...(ask.granularity ? [{ name: 'start', read: ({ start }: Line) => start?.toISOString() ?? null }] : []),
    ...ask.groupBy.flatMap(dimensionColumns),
    ...MEASURES.map(([name, read]): Column => ({ name, read: ({ totals }) => read(totals) })),
  ];
  const lines = linesOf(report, ask);
  return format === 'CSV' ? toCsv(columns, lines) : toJson(columns, lines);
}

function linesOf(
  { total, groups, series }: UsageReport,
  { groupBy, granularity }: { groupBy: readonly UsageDimension[]; granularity: Granularity | undefined },
): Line[] {
  if (granularity) return series;
  return groupBy.length > 0 ? groups : [{ key: [], totals: total }];
}

/** A tag has a key of its own; every other dimension is called as it is. */
function dimensionColumns(name: UsageDimension, index: number): Column[] {
  const value: Column = { name: name.toLowerCase(), read: ({ key }) => key[index]?.value ?? '' };
  if (name !== 'TAG') return [value];
  return [
    { name: 'tag_key', read: ({ key }) => key[index]?.key ?? '' },
    { ...value, name: 'tag_value' },
  ];
}

const MEASURES: [name: string, read: (totals: UsageTotals) => Cell][] = [
  ['requests', ({ requests }) => requests],
  ['errors', ({ errors }) => errors],
  ['cache_hits', ({ cacheHits }) => cacheHits],
  ['unpriced_requests', ({ unpricedRequests }) => unpricedRequests],
  ['input_tokens', ({ input }) => input],
  ['output_tokens', ({ output }) => output],
  ['cache_read_tokens', ({ cacheRead }) => cacheRead],
  ['cache_write_tokens', ({ cacheWrite }) => cacheWrite],
  ['reasoning_tokens', ({ reasoning }) => reasoning],
  ['cost_usd', ({ costNanos }) => formatNanos(costNanos)],
  ['p50_first_token_ms', ({ firstTokenMs }) => percentileOf(firstTokenMs, 0.5)],
  ['p95_first_token_ms', ({ firstTokenMs }) => percentileOf(firstTokenMs, 0.95)],
  ['p99_first_token_ms', ({ firstTokenMs }) => percentileOf(firstTokenMs, 0.99)],
  ['p50_latency_ms', ({ latencyMs }) => percentileOf(latencyMs, 0.5)],
  ['p95_latency_ms', ({ latencyMs }) => percentileOf(latencyMs, 0.95)],
  ['p99_latency_ms', ({ latencyMs }) => percentileOf(latencyMs, 0.99)],
];

function toJson(columns: readonly Column[], lines: readonly Line[]): string {
  const objects = lines.map((line) =>
    Object.fromEntries(columns.map(({ name, read }) => [name, read(line)])),
  );
  return `${JSON.stringify(objects, null, 2)}\n`;
}

/** RFC 4180: https://www.rfc-editor.org/rfc/rfc4180 */
function toCsv(columns: readonly Column[], lines: readonly Line[]): string {
  const records = [
    columns.map(({ name }) => name),
    ...lines.map((line) => columns.map(({ read }) => toField(read(line)))),
  ];
  return records.map((fields) => `${fields.join(',')}\r\n`).join('');
}

/** What callers have named, such as a tag, could be a formula to a spreadsheet; an apostrophe makes it text. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

function toField(cell: Cell): string {
  const text = String(cell ?? '');
  const harmless = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
