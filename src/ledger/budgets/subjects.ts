import { subjectOf, tagSubject } from '../../domain/budget.ts';
import type { Completion } from '../../domain/completion.ts';

/** Everything a completion is about, as budgets name it. */
export function subjectsOf(completion: Completion): string[] {
  const { organisationId, teamId, keyId, endUserId, model, provider, tags } = completion;
  return [
    subjectOf('ORGANISATION', organisationId),
    subjectOf('TEAM', teamId),
    subjectOf('KEY', keyId),
    subjectOf('MODEL', model),
    subjectOf('PROVIDER', provider),
    ...(endUserId === undefined ? [] : [subjectOf('END_USER', endUserId)]),
    // A tag that is given twice still counts once.
    ...new Set(tags.map((tag) => subjectOf('TAG', tagSubject(tag)))),
  ];
}
