import type { FallbackReason } from '../domain/route.ts';
import type { Candidate } from './plan.ts';

/**
 * The next candidate to try after one failed; undefined when there is none. After an overflow those with as small a
 * context are passed over: they would refuse too.
 * @param place of the one that failed, among the candidates.
 */
export function findNextCandidate(
  candidates: readonly Candidate[],
  place: number,
  reason: FallbackReason,
): { candidate: Candidate; place: number } | undefined {
  const failed = candidates[place]?.contextWindow ?? 0;
  const isBetter = ({ contextWindow = Infinity }: Candidate) =>
    reason !== 'CONTEXT_OVERFLOW' || contextWindow > failed;
  for (const [index, candidate] of candidates.entries()) {
    if (index > place && !candidate.skippedBecause && isBetter(candidate)) return { candidate, place: index };
  }
  return undefined;
}
