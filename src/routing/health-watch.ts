import { iterateUntilAborted, raceAbort } from '../lib/abort.ts';
import type { Health } from './health.ts';
import type { HealthView } from './model-health.ts';

/** How often it is looked for what changes while nothing is called, such as a rest that is over. */
const LOOK_MS = 1_000;

/**
 * The health of models, each time that their state is another than the one told last; at first, than that of now. A
 * reader that is slow is told what holds when it comes: what waits for it is only which models to look at.
 * @param isWanted which models to tell of.
 */
export function watchHealth(
  health: Pick<Health, 'view' | 'listKnown' | 'watch'>,
  isWanted: (model: string) => boolean,
  signal: AbortSignal,
): AsyncIterableIterator<HealthView> {
  const told = new Map(health.listKnown().map((model) => [model, health.view(model).state]));
  const toLookAt = new Set<string>();
  let news = Promise.withResolvers<void>();
  const isNew = ({ model, state }: HealthView) => state !== (told.get(model) ?? 'UNKNOWN');
  function look(model: string): void {
    if (!isWanted(model) || !isNew(health.view(model))) return;
    toLookAt.add(model);
    news.resolve();
  }
  async function* watch(): AsyncGenerator<HealthView> {
    const stopWatching = health.watch(look);
    const looking = setInterval(() => health.listKnown().forEach(look), LOOK_MS);
    looking.unref();
    try {
      for (;;) {
        await raceAbort(news.promise, signal);
        news = Promise.withResolvers();
        for (const model of toLookAt) {
          toLookAt.delete(model);
          const view = health.view(model);
          if (!isNew(view)) continue;
          told.set(model, view.state);
          yield view;
        }
      }
    } finally {
      stopWatching();
      clearInterval(looking);
    }
  }
  return iterateUntilAborted(watch(), signal);
}
