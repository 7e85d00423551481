import { giveBack } from '../evaluations/claims.ts';
import { createRunner } from '../evaluations/runner.ts';
import type { EvaluationDesk } from '../evaluations/start.ts';
import { newId } from '../lib/ids.ts';
import type { Access } from './open-access.ts';
import type { Completions } from './open-completions.ts';
import type { Opening } from './opening.ts';
import type { Prompts } from './open-prompts.ts';
import type { Store } from './open-store.ts';

/** Trying prompts on datasets. */
export interface Evaluations {
  evaluations: EvaluationDesk;
}

export async function openEvaluations(
  { config, logger }: Opening,
  parts: Store & Access & Prompts & Completions,
): Promise<Evaluations> {
  const { database, relay, announce, announceCommit, authenticator, runs, prompts } = parts;
  const { sql, db } = database;
  // Nobody else can have an embedded database open, so whoever ran something there is dead.
  if (database.kind === 'embedded') await giveBack(sql, undefined);
  const runner = createRunner({
    sql,
    db,
    runs,
    authenticator,
    announce,
    announceCommit,
    lease: { instanceId: newId('inst'), ms: config.timeouts.holdMs },
    onError: (err) => logger.error({ err }, 'an evaluation could not go on; it is taken up again'),
  });
  relay.listen((event) => runner.onEvent(event));
  return { evaluations: { sql, db, book: prompts.book, runner, announceCommit } };
}
