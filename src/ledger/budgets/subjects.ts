import { subjectOf, tagSubject } from '../../domain/budget.ts';
import type { Completion } from '../../domain/completion.ts';
import { isRouteName } from '../../domain/route.ts';

/** Everything a completion is about, as budgets name it. */
export function subjectsOf(completion: Completion): string[] {
  const { organisationId, teamId, keyId, endUserId, requestedModel, model, provider, tags } = completion;
  return [
    subjectOf('ORGANISATION', organisationId),
    subjectOf('TEAM', teamId),
    subjectOf('KEY', keyId),
    subjectOf('MODEL', model),
    subjectOf('PROVIDER', provider),
    ...(isRouteName(requestedModel) ? [subjectOf('ROUTE', requestedModel)] : []),
    ...(endUserId === undefined ? [] : [subjectOf('END_USER', endUserId)]),
    // A tag that is given twice still counts once.
    ...new Set(tags.map((tag) => subjectOf('TAG', tagSubject(tag)))),
  ];
}
