/** How many of something each name may have at a time. */
export interface Counts {
  /** @returns how to give it back, which may be called more than once; undefined when the name has all that it may. */
  take(name: string): (() => void) | undefined;
}

export function createCounts(most: number): Counts {
  const taken = new Map<string, number>();
  return {
    take(name) {
      const count = taken.get(name) ?? 0;
      if (count >= most) return undefined;
      taken.set(name, count + 1);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        const left = (taken.get(name) ?? 1) - 1;
        if (left > 0) taken.set(name, left);
        else taken.delete(name);
      };
    },
  };
}

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
