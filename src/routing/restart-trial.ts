import { Conflict, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { Route } from '../domain/route.ts';
import { appendAudit } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import { beginTrial } from '../trials/rows.ts';
import type { RouteStore } from './change.ts';
import { readRoutes } from './rows.ts';
import { trialSpecOf } from './trial-spec.ts';

/**
 * Begins the canary or the experiment of a route anew. In this process that holds when this returns.
 * @throws NotFound; Conflict where the route tries nothing out.
 */
export async function restartTrial(
  { sql, book, onChange }: Pick<RouteStore, 'sql' | 'book' | 'onChange'>,
  who: Principal,
  name: string,
  by: Origin,
): Promise<Route | undefined> {
  const { organisationId, keyId: actorId } = who;
  await sql.begin(async (tx) => {
    // As whoever changes routes: what the route says stays as it is meanwhile.
    await tx`SELECT FROM organisations WHERE id = ${organisationId} FOR UPDATE`;
    const route = (await readRoutes(tx, organisationId)).find(
      (each) => each.name === name && !each.isDeleted,
    );
    if (!route) throw new NotFound('route', name, ['name']);
    const spec = trialSpecOf(route);
    if (!spec) throw new Conflict(`the route ${JSON.stringify(name)} has neither a canary nor an experiment`);
    await beginTrial(tx, { organisationId, id: route.id, name }, spec);
    await appendEvent(tx, { kind: 'TRIAL_CHANGED', organisationId, subjectId: route.id });
    const { id, state, step, verdict } = route.trial ?? {};
    await appendAudit(tx, {
      organisationId,
      actorId,
      action: 'route.restart-trial',
      targetId: route.id,
      before: { trial: id, state, step, ...verdict },
      after: { state: 'RUNNING', step: 0 },
      ...by,
    });
  });
  onChange();
  await book.reload(organisationId);
  return book.find(organisationId, name);
}
