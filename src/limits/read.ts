import { EACH, type Limit, type LimitSubjects } from '../domain/limit.ts';
import { hasScope, type Principal } from '../domain/principal.ts';
import type { LimitBook } from './book.ts';

export interface LimitFilter {
  scope?: Limit['scope'][] | undefined;
  subjectId?: string | undefined;
  unit?: Limit['unit'][] | undefined;
}

/** Those that `who` may see, by their ids, the last one first: all for an admin, those of the team for a team scope, else those that may hold. */
export function listLimits(book: LimitBook, who: Principal, filter: LimitFilter = {}): Limit[] {
  const { scope, subjectId, unit } = filter;
  return book
    .list(who.organisationId)
    .filter((limit) => isVisible(limit, who))
    .filter((limit) => !scope || scope.includes(limit.scope))
    .filter((limit) => !unit || unit.includes(limit.unit))
    .filter((limit) => subjectId === undefined || limit.subjectId === subjectId);
}

export function findLimit(book: LimitBook, who: Principal, id: string): Limit | undefined {
  return listLimits(book, who).find((limit) => limit.id === id);
}

/** What somebody's requests are about, whatever they ask for. */
export function subjectsOfCaller(who: Principal, ip: string): LimitSubjects {
  const { organisationId, teamId, keyId, endUserId, operation } = who;
  return {
    ORGANISATION: organisationId,
    TEAM: teamId,
    KEY: keyId,
    IP: ip,
    ...(endUserId !== undefined && { END_USER: endUserId }),
    ...(operation !== undefined && { OPERATION: operation }),
  };
}

function isVisible(limit: Limit, who: Principal): boolean {
  if (hasScope(who, 'ADMIN')) return true;
  const isTeams =
    limit.teamId === who.teamId && (hasScope(who, 'USAGE_READ') || hasScope(who, 'LIMITS_WRITE'));
  const { scope, subjectId } = limit;
  return isTeams || subjectId === EACH || subjectsOfCaller(who, '')[scope] === subjectId;
}
