/** What the gateway says of a draft. */
export interface Simulated {
  requests: number;
  sampled: number;
  baseline: Side;
  draft: Side;
  refusalReasons: { code: string; name: string; requests: number }[];
  notes: string[];
}

interface Side {
  requests: number;
  cost: { amount: string };
  unpriced: number;
  latencyP50Ms: number | null;
  latencyP95Ms: number | null;
  failures: number;
  refusals: number;
  shares: { name: string; requests: number; share: number; cost: { amount: string } }[];
}

/** A table of both sides, the share of each model, why requests are refused, and what was assumed. */
export function describeSimulation({ requests, sampled, baseline, draft, ...rest }: Simulated): string {
  const row = (title: string, of: (side: Side) => string) => [title, of(baseline), of(draft)];
  const names = new Set([...draft.shares, ...baseline.shares].map(({ name }) => name));
  const table = [
    [`${sampled} of ${requests} requests`, 'as it was', 'draft'],
    row('cost', ({ cost }) => `$${cost.amount}`),
    row('without a known cost', ({ unpriced }) => String(unpriced)),
    row('p50', ({ latencyP50Ms }) => toMs(latencyP50Ms)),
    row('p95', ({ latencyP95Ms }) => toMs(latencyP95Ms)),
    row('failures', ({ failures }) => String(failures)),
    row('refusals', ({ refusals }) => String(refusals)),
    ...[...names].map((name) =>
      row(name, ({ shares }) => toShare(shares.find((each) => each.name === name))),
    ),
  ];
  const lines = [
    ...layOut(table),
    ...rest.refusalReasons.map(({ code, name, requests: count }) => `refused: ${count} by ${name}, ${code}`),
    ...rest.notes.map((note) => `note: ${note}`),
  ];
  return `${lines.join('\n')}\n`;
}

function toMs(ms: number | null): string {
  return ms === null ? '-' : `${ms} ms`;
}

function toShare(share: Side['shares'][number] | undefined): string {
  return share ? `${(share.share * 100).toFixed(1)} %  $${share.cost.amount}` : '-';
}

/** Columns as wide as their widest cell. */
function layOut(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
