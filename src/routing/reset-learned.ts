import { NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import type { RouteStore } from './change.ts';
import type { ArmView } from './learned.ts';
import type { Measures } from './measures.ts';

/**
 * Lets a route forget what it has learned of its targets: here when this returns, elsewhere as soon as it is heard.
 * @returns its name.
 * @throws NotFound.
 */
export async function resetLearned(
  { sql, book, onChange }: RouteStore,
  measures: Pick<Measures, 'viewArms'>,
  who: Principal,
  name: string,
  by: Origin,
): Promise<string> {
  const { organisationId, keyId: actorId } = who;
  const route = book.find(organisationId, name);
  if (!route) throw new NotFound('route', name, ['name']);
  const targets = route.targets.map(({ model }) => model);
  const before = { learned: measures.viewArms(organisationId, name, targets).map(toRecord) };
  await sql.begin(async (tx) => {
    await tx`UPDATE routes SET learning = learning + 1 WHERE id = ${route.id}`;
    await appendEvent(tx, { kind: 'ROUTE_CHANGED', organisationId, subjectId: route.id });
    const act = { action: 'route.reset-learned', targetId: route.id, before, after: { learned: [] } };
    await appendAudit(tx, { organisationId, actorId, ...act, ...by });
  });
  onChange();
  await book.reload(organisationId);
  return name;
}

function toRecord({ target, pulls, success, feedback }: ArmView): Record<string, unknown> {
  return { target, pulls, success, ...(feedback !== undefined && { feedback }) };
}
