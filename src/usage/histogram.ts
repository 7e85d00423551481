import { sql, type SQL } from 'drizzle-orm';

/**
 * Times on a logarithmic scale, so that histograms can be added up and take little room. Step 0 is 0 ms and step n is
 * from γⁿ⁻² to γⁿ⁻¹ ms, with γ = (1 + α) / (1 - α): what is told of a time is at most α, which is 5 %, beside it.
 * C. Masson, J. E. Rim, H. K. Lee: DDSketch, https://arxiv.org/abs/1908.10693
 */
const RELATIVE_ERROR = 0.05;
const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);

/** How many fell on each step. */
export type Histogram = Map<number, number>;

/** The step of a time in ms, or null. The only place that puts times on the scale. */
export function stepOf(ms: SQL): SQL {
  return sql`(case when ${ms} < 1 then 0 else 1 + ceil(ln(${ms}::float8) / ${sql.raw(String(Math.log(GROWTH)))}) end)::bigint`;
}

/** @param packed numbers as the roll-ups keep them: step × 2³² + count. */
export function unpackSteps(packed: readonly string[]): Histogram {
  return new Map(packed.map((text) => [Number(BigInt(text) >> 32n), Number(BigInt(text) & 0xff_ff_ff_ffn)]));
}

export function addHistogram(to: Histogram, from: Histogram): void {
  for (const [step, count] of from) to.set(step, (to.get(step) ?? 0) + count);
}

/**
 * The time that a share of all does not exceed, by the nearest rank, in whole ms.
 * @returns null where nothing was measured.
 */
export function percentileOf(histogram: Histogram, share: number): number | null {
  const steps = [...histogram].toSorted(([a], [b]) => a - b);
  const rank = Math.ceil(share * steps.reduce((sum, [, count]) => sum + count, 0));
  let passed = 0;
  for (const [step, count] of steps) {
    passed += count;
    if (passed >= rank) return Math.round(step === 0 ? 0 : (2 * GROWTH ** (step - 1)) / (GROWTH + 1));
  }
  return null;
}
