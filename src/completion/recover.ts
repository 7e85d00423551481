import type { Outcome } from '../domain/completion.ts';
import { NOTHING_USED, withoutWork } from '../domain/outcome.ts';
import type { ExpiredHold } from '../ledger/holds.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { estimatedUsage, type Pricing } from './plan.ts';

const BATCH = 500;
/** How an attempt ended whose process died. */
const UNSEEN = {
  status: 'INTERRUPTED',
  httpStatus: undefined,
  errorType: 'PROVIDER_ERROR',
  latencyMs: 0,
  firstTokenMs: undefined,
} as const;

/**
 * Settles every completion whose process died, from what is durably known: the estimate of the prompt and the output
 * that the last heartbeat had seen. Nothing seen means nothing charged.
 * @returns how many it settled.
 */
export async function recover(
  ledger: Pick<Ledger, 'listExpiredHolds' | 'settle'>,
  pricing: Pick<Pricing, 'costOf'>,
): Promise<number> {
  let settled = 0;
  for (;;) {
    const holds = await ledger.listExpiredHolds(BATCH);
    await Promise.all(
      holds.map((hold) =>
        ledger.settle({
          completionId: hold.completionId,
          outcome: interrupted(hold, pricing),
          expired: hold,
          ...(hold.hedge && { hedge: { ...UNSEEN, ...seenOf(hold.hedge, pricing) } }),
        }),
      ),
    );
    settled += holds.length;
    if (holds.length < BATCH) return settled;
  }
}

function interrupted(hold: ExpiredHold, pricing: Pick<Pricing, 'costOf'>): Outcome {
  const outcome = withoutWork('INTERRUPTED', {
    reason: 'INTERRUPTED',
    code: 'PROVIDER_ERROR',
    message: 'the process that ran this completion died; it is settled from what was known',
  });
  if (hold.resting) return outcome;
  const { attempt: index, provider, model } = hold;
  const seen = seenOf(hold, pricing);
  return { ...outcome, ...seen, attempts: [{ ...UNSEEN, index, provider, model, ...seen }] };
}

function seenOf(
  {
    estimatedInputTokens,
    seenOutputTokens,
    price,
  }: Pick<ExpiredHold, 'estimatedInputTokens' | 'seenOutputTokens' | 'price'>,
  pricing: Pick<Pricing, 'costOf'>,
): Pick<Outcome, 'usage' | 'costNanos'> {
  if (seenOutputTokens === 0) return { usage: NOTHING_USED, costNanos: 0n };
  const usage = estimatedUsage(estimatedInputTokens, seenOutputTokens);
  return { usage, costNanos: price && pricing.costOf(price, usage) };
}
