/**
 * `npm run bench:ledger`: how many holds and settlements the ledger takes in a second, and how long a request waits for
 * its hold, on one budget that all draw on and on a thousand; beside the same writes without grouping. With `--quick`
 * everything runs once and shortly, to see that it works.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openLedgerPlaces } from './ledger-places.ts';
import { fillUntil, prepareBudgets, type LedgerSample } from './ledger-run.ts';
import { format, layOut, median } from './report.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const pace = values.quick
  ? { warmUpMs: 100, roundMs: 300, rounds: 1 }
  : { warmUpMs: 1_000, roundMs: 3_000, rounds: 3 };
const CALLERS = 64;
/** Undefined: as the product does it. */
const GROUPS = [undefined, 1] as const;
const BUDGETS = [0, 1, 1_000] as const;

const titleOf = (budgets: number) =>
  budgets === 0 ? 'no budget' : budgets === 1 ? 'one budget that all draw on' : `${budgets} budgets`;

await using places = await openLedgerPlaces();
console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`);
console.log(
  `${CALLERS} callers that each hold and settle; medians of ${pace.rounds} rounds of ${pace.roundMs / 1_000} s\n`,
);
for (const place of places.all) {
  const rows = [['', 'writes/s', 'hold p50 ms', 'hold p99 ms', 'of ungrouped']];
  for (const budgets of BUDGETS) {
    const run = await prepareBudgets(place.database, budgets);
    const samples = new Map(GROUPS.map((group) => [group, [] as LedgerSample[]]));
    for (const group of GROUPS) await fillUntil({ ...run, group, callers: CALLERS, ms: pace.warmUpMs });
    // One after the other in each round, so that whatever else the machine does meets both alike.
    for (let round = 0; round < pace.rounds; round += 1)
      for (const [group, own] of samples)
        own.push(await fillUntil({ ...run, group, callers: CALLERS, ms: pace.roundMs }));
    const ungrouped = samples.get(1) ?? [];
    for (const [group, own] of samples) {
      const ratios = own.map(
        (sample, round) => sample.writesPerSecond / (ungrouped[round]?.writesPerSecond ?? Number.NaN),
      );
      rows.push([
        `${titleOf(budgets)}${group === 1 ? ', ungrouped' : ''}`,
        format(median(own.map((sample) => sample.writesPerSecond)), 0),
        format(median(own.map((sample) => sample.holdMs.p50)), 1),
        format(median(own.map((sample) => sample.holdMs.p99)), 1),
        `${format(median(ratios) * 100, 0)} %`,
      ]);
    }
  }
  console.log(`${place.name}\n${layOut(rows)}\n`);
}
for (const note of places.notes) console.log(note);
