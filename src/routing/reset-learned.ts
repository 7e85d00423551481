import type { Sql } from 'postgres';
import { NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { Route } from '../domain/route.ts';
import { appendAudit } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import type { Relay } from '../events/relay.ts';
import type { RouteBook } from './book.ts';
import type { ArmView } from './learned.ts';
import type { Measures } from './measures.ts';

/** What every instance has learned of the targets of routes, each in its own memory. */
export interface LearnedResets {
  /**
   * Lets a route forget what it has learned of its targets: here when this returns, elsewhere as soon as it is heard.
   * @throws NotFound.
   */
  reset(who: Principal, name: string, by: Origin): Promise<Route>;
  close(): void;
}

export interface ResetDeps {
  sql: Sql;
  book: Pick<RouteBook, 'find' | 'findById'>;
  measures: Pick<Measures, 'viewArms' | 'resetArms'>;
  relay: Pick<Relay, 'listen'>;
  /** A change was committed. */
  onChange(): void;
}

export function openLearnedResets({ sql, book, measures, relay, onChange }: ResetDeps): LearnedResets {
  // An instance hears itself too, which must not undo what it has learned since.
  const ownEchoes: string[] = [];
  function forget({ organisationId, name, targets }: Route): void {
    measures.resetArms(organisationId, name, namesOf(targets));
  }
  const stopListening = relay.listen(({ kind, organisationId, subjectId }) => {
    if (kind !== 'ROUTE_LEARNED_RESET') return;
    const echo = ownEchoes.indexOf(subjectId);
    if (echo >= 0) return void ownEchoes.splice(echo, 1);
    const route = book.findById(organisationId, subjectId);
    if (route) forget(route);
  });
  return {
    close: stopListening,
    async reset(who, name, by) {
      const { organisationId, keyId: actorId } = who;
      const route = book.find(organisationId, name);
      if (!route) throw new NotFound('route', name, ['name']);
      const learned = measures.viewArms(organisationId, name, namesOf(route.targets));
      const [before, after] = [{ learned: learned.map(toRecord) }, { learned: [] }];
      ownEchoes.push(route.id);
      try {
        await sql.begin(async (tx) => {
          await appendEvent(tx, { kind: 'ROUTE_LEARNED_RESET', organisationId, subjectId: route.id });
          const action = 'route.reset-learned';
          await appendAudit(tx, {
            organisationId,
            actorId,
            action,
            targetId: route.id,
            before,
            after,
            ...by,
          });
        });
      } catch (error) {
        ownEchoes.splice(ownEchoes.indexOf(route.id), 1);
        throw error;
      }
      forget(route);
      onChange();
      return route;
    },
  };
}

function namesOf(targets: Route['targets']): string[] {
  return targets.map(({ model }) => model);
}

function toRecord({ target, pulls, success, feedback }: ArmView): Record<string, unknown> {
  return { target, pulls, success, ...(feedback !== undefined && { feedback }) };
}
