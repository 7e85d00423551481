import type { Cell } from './news.ts';

/** Cells that are kept for those who read slowly; who is behind them asks the database. */
const MAX_CELLS = 20_000;

/** What was found by one look into the outbox. */
interface Look {
  cells: Map<string, Cell[]>;
  size: number;
}

/** The last looks, by their number, and who waits for the next one. */
export interface LookLog {
  /** Number of the look that comes next. */
  next(): number;
  add(cells: Cell[]): void;
  /** What was settled from a look on; undefined when that is no longer in memory. */
  read(organisationId: string, from: number): Cell[] | undefined;
  /** Resolves when there is something of the organisation from this look on, or when the signal aborts. */
  waitFor(organisationId: string, from: number, signal: AbortSignal): Promise<void>;
  clear(): void;
}

export function createLookLog(): LookLog {
  const wakers = new Map<string, Set<() => void>>();
  const lastLooks = new Map<string, number>();
  let looks: Look[] = [];
  let cellsKept = 0;
  let next = 0;

  return {
    next: () => next,
    add(cells) {
      const byOrganisation = Map.groupBy(cells, ({ of }) => of.organisationId);
      looks.push({ cells: byOrganisation, size: cells.length });
      cellsKept += cells.length;
      while (cellsKept > MAX_CELLS) cellsKept -= looks.shift()?.size ?? cellsKept;
      for (const organisationId of byOrganisation.keys()) {
        lastLooks.set(organisationId, next);
        for (const wake of wakers.get(organisationId) ?? []) wake();
      }
      next += 1;
    },
    read(organisationId, from) {
      const passed = from - (next - looks.length);
      if (passed < 0) return undefined;
      return looks.slice(passed).flatMap(({ cells }) => cells.get(organisationId) ?? []);
    },
    async waitFor(organisationId, from, signal) {
      if ((lastLooks.get(organisationId) ?? -1) >= from || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      const waiting = wakers.get(organisationId) ?? new Set();
      wakers.set(organisationId, waiting.add(wake));
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      signal.removeEventListener('abort', wake);
      waiting.delete(wake);
      if (waiting.size === 0 && wakers.get(organisationId) === waiting) wakers.delete(organisationId);
    },
    clear() {
      looks = [];
      cellsKept = 0;
      lastLooks.clear();
    },
  };
}
