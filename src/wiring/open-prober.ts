import { claimProbe, endClaim } from '../completion/probes/claims.ts';
import { createProber, type Prober } from '../completion/probes/prober.ts';
import { systemClock } from '../lib/clock.ts';
import type { Completions } from './open-completions.ts';
import type { Models } from './open-models.ts';
import type { Routes } from './open-routes.ts';
import type { Opening } from './opening.ts';
import type { Store } from './open-store.ts';

/** What looks after models that nobody calls. */
export function openProber(
  { config, logger }: Opening,
  { database: { sql }, catalog, modelSetting, routes, measures, runs }: Store & Models & Routes & Completions,
): Prober {
  return createProber({
    book: routes.book,
    findModel: catalog.findModel,
    nameNow: (organisationId, model) => modelSetting.book.nameNow(organisationId, model, systemClock.now()),
    health: measures.health,
    start: runs.startInBackground,
    timeouts: config.timeouts,
    claims: {
      take: (probed, options) => claimProbe(sql, probed, options),
      end: (model, isKnown) => endClaim(sql, model, isKnown),
    },
    clock: systemClock,
    onError: (err) => logger.warn({ err }, 'a model could not be probed; it is tried again'),
  });
}
