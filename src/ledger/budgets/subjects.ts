import { subjectOf, tagSubject } from '../../domain/budget.ts';
import type { Completion } from '../../domain/completion.ts';
import { isRouteName } from '../../domain/route.ts';

/**
 * Everything a completion is about, as budgets name it. What the gateway asks by itself is paid by the organisation: it is
 * about nobody who asks.
 */
export function subjectsOf(completion: Completion): string[] {
  const { organisationId, requestedModel, model, provider, origin, promptUse } = completion;
  const paid = [
    subjectOf('ORGANISATION', organisationId),
    subjectOf('MODEL', model),
    subjectOf('PROVIDER', provider),
    ...(isRouteName(requestedModel) ? [subjectOf('ROUTE', requestedModel)] : []),
    ...(promptUse ? [subjectOf('PROMPT', promptUse.promptId)] : []),
  ];
  return origin === 'CALLER' ? [...paid, ...subjectsOfCaller(completion)] : paid;
}

function subjectsOfCaller({ teamId, keyId, endUserId, tags }: Completion): string[] {
  return [
    subjectOf('TEAM', teamId),
    subjectOf('KEY', keyId),
    ...(endUserId === undefined ? [] : [subjectOf('END_USER', endUserId)]),
    // A tag that is given twice still counts once.
    ...new Set(tags.map((tag) => subjectOf('TAG', tagSubject(tag)))),
  ];
}
