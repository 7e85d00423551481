/** What happens later, in the order of its time. Time goes on only by `advance`. */
export interface Timeline {
  nowMs(): number;
  at(ms: number, happen: () => void): void;
  /** Lets everything happen that is due until then. */
  advance(ms: number): void;
}

export function createTimeline(): Timeline {
  let nowMs = 0;
  const later: { atMs: number; happen: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    at(atMs, happen) {
      // Most are the last so far, so the place is looked for from the end.
      let place = later.length;
      while (place > 0 && later[place - 1]!.atMs > atMs) place -= 1;
      later.splice(place, 0, { atMs, happen });
    },
    advance(ms) {
      const isDue = ({ atMs }: { atMs: number }) => atMs <= ms;
      while (later[0] && isDue(later[0])) {
        const { atMs, happen } = later.shift()!;
        nowMs = Math.max(nowMs, atMs);
        happen();
      }
      nowMs = Math.max(nowMs, ms);
    },
  };
}
