/**
 * A bucket that fills with `perSecond` and holds twice that.
 * @returns whether one more may pass now.
 */
export function createRate(perSecond: number, nowMs: () => number = () => performance.now()): () => boolean {
  const most = perSecond * 2;
  let left = most;
  let filledAtMs = nowMs();
  return () => {
    const atMs = nowMs();
    left = Math.min(most, left + ((atMs - filledAtMs) / 1_000) * perSecond);
    filledAtMs = atMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
