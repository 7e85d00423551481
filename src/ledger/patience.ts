/** Remembers when the database was last away. */
export interface Patience {
  /** Does what needs the database; that it fails, or takes longer than a hold stands, is remembered. */
  watch<T>(work: () => Promise<T>): Promise<T>;
  /** Whether the database was there for long enough for everybody who lives to have extended their holds. */
  isOver(): boolean;
}

/**
 * While the database is away nobody can extend a hold, so that afterwards all look like those of the dead. Whoever lives
 * needs as long as a hold stands to say so, and to settle what it knows better than anybody else.
 */
export function createPatience(holdMs: number): Patience {
  let awayAtMs = -Infinity;
  return {
    async watch(work) {
      const begunMs = performance.now();
      let isDone = false;
      try {
        const result = await work();
        isDone = true;
        return result;
      } finally {
        const nowMs = performance.now();
        if (!isDone || nowMs - begunMs > holdMs) awayAtMs = nowMs;
      }
    },
    isOver: () => performance.now() - awayAtMs > holdMs,
  };
}
