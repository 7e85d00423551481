import { raceAbort } from '../lib/abort.ts';

const BEAT_MS = 20;

/** Lets through so many a second, first come, first served; whoever is let through later has only more to tell at once. */
export function createPacemaker(perSecond: number): (signal: AbortSignal) => Promise<void> {
  const waiting = new Set<() => void>();
  let allowance = 0;
  let timer: NodeJS.Timeout | undefined;

  function beat(): void {
    // What was not used in one beat is not saved for a burst in the next.
    allowance = (perSecond * BEAT_MS) / 1_000;
    for (const go of waiting) {
      if (allowance < 1) return;
      allowance -= 1;
      waiting.delete(go);
      go();
    }
    clearInterval(timer);
    timer = undefined;
  }

  return async (signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    timer ??= setInterval(beat, BEAT_MS);
    await raceAbort(promise, signal).finally(() => waiting.delete(resolve));
  };
}
