import { setTimeout as wait } from 'node:timers/promises';
import type { Sql } from 'postgres';
import type { Budget } from '../../domain/budget.ts';
import type { Principal } from '../../domain/principal.ts';
import { iterateUntilAborted, raceAbort } from '../../lib/abort.ts';
import { findBudgets, readBudgetsInForce } from './read.ts';

const LOOK_EVERY_MS = 250;

/** Tells how budgets stand, live. */
export interface BudgetWatch {
  /**
   * The budget as it is and then after each change; changes that come faster than they are read are one. Undefined, and
   * then the end, when it holds no longer, or `who` may not see it.
   */
  watch(who: Principal, id: string, signal: AbortSignal): AsyncIterableIterator<Budget | undefined>;
}

/** One who watches, and what is new for them. */
interface Watcher {
  latest: Budget | undefined;
  news: PromiseWithResolvers<void>;
}

/**
 * One look at the database for all who watch in this process, and none while nobody does: what is held changes with every
 * request, and requests must not pay for dashboards.
 * @param onError hears that the database could not be read; looking goes on.
 */
export function createBudgetWatch(sql: Sql, onError: (error: unknown) => void): BudgetWatch {
  const watchers = new Map<string, Set<Watcher>>();
  let looking = false;

  async function lookOnAndOn(): Promise<void> {
    looking = true;
    while (watchers.size > 0) {
      await look().catch(onError);
      await wait(LOOK_EVERY_MS);
    }
    looking = false;
  }

  async function look(): Promise<void> {
    const ids = [...watchers.keys()];
    const found = new Map((await readBudgetsInForce(sql, ids)).map((budget) => [budget.id, budget]));
    for (const id of ids) for (const watcher of watchers.get(id) ?? []) tell(watcher, found.get(id));
  }

  function join(id: string, watcher: Watcher): () => void {
    const others = watchers.get(id) ?? new Set();
    watchers.set(id, others.add(watcher));
    if (!looking) void lookOnAndOn();
    return () => {
      others.delete(watcher);
      if (others.size === 0) watchers.delete(id);
    };
  }

  async function* follow(
    who: Principal,
    id: string,
    signal: AbortSignal,
  ): AsyncGenerator<Budget | undefined> {
    const [first] = await findBudgets(sql, who, [id]);
    const watcher: Watcher = { latest: first, news: Promise.withResolvers() };
    yield first;
    if (!first) return;
    const leave = join(id, watcher);
    try {
      while (watcher.latest) {
        await raceAbort(watcher.news.promise, signal);
        watcher.news = Promise.withResolvers();
        yield watcher.latest;
      }
    } finally {
      leave();
    }
  }

  return { watch: (who, id, signal) => iterateUntilAborted(follow(who, id, signal), signal) };
}

function tell(watcher: Watcher, now: Budget | undefined): void {
  if (now && watcher.latest && standing(now) === standing(watcher.latest)) return;
  watcher.latest = now;
  watcher.news.resolve();
}

function standing({ limit, current }: Budget): string {
  return `${limit} ${current.startsAt.getTime()} ${current.windowId} ${current.version}`;
}
