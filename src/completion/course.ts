import type { CutAction, FallbackReason, RouteShadow, TargetTimeouts } from '../domain/route.ts';
import type { RouteCandidate, RouteDecision } from '../domain/route-decision.ts';
import type { Assignment } from '../domain/trial.ts';
import type { Plan } from './plan.ts';

/** One model that may answer. */
export interface CourseTarget {
  planned: Plan;
  timeouts: TargetTimeouts;
  /** How often it is asked again before the next one. */
  retries: number;
}

/** Which models may answer an ask, in the order in which they are asked, and what happens when one does not. */
export interface Course {
  /** At least one. */
  targets: readonly [CourseTarget, ...CourseTarget[]];
  onCut: CutAction;
  /** Why the next one is asked; the other reasons end the completion. */
  fallbackOn: ReadonlySet<FallbackReason>;
  /** How often a model is shown its own answer that does not meet the schema, and asked again. */
  repairs: number;
  /** How it was chosen; undefined where a model was asked for. */
  decision: RouteDecision | undefined;
  /** When nothing has come of a model for so long the next one is asked too; undefined: never. */
  hedgeAfterMs?: number | undefined;
  /** The route, and where copies of the ask go. */
  shadow?: { routeId: string; to: RouteShadow } | undefined;
  /** The trial that the request belongs to. Whoever has chosen the course tells the watch how it ends. */
  trial?: Assignment | undefined;
}

/** The same course; its decision says of these models why they were passed over, and they come last in it. */
export function passOver(course: Course, refusals: ReadonlyMap<string, string>): Course {
  const { decision } = course;
  if (!decision || refusals.size === 0) return course;
  const isRefused = ({ model, skippedBecause }: RouteCandidate) =>
    skippedBecause === undefined && refusals.has(model);
  const refused = decision.candidates
    .filter(isRefused)
    .map((candidate) => ({ ...candidate, skippedBecause: refusals.get(candidate.model) }));
  const others = decision.candidates.filter((candidate) => !isRefused(candidate));
  return { ...course, decision: { ...decision, candidates: [...others, ...refused] } };
}

/** One model, called once. */
export function courseOf(planned: Plan): Course {
  return {
    targets: [{ planned, timeouts: {}, retries: 0 }],
    onCut: 'FAIL',
    fallbackOn: new Set(),
    repairs: 0,
    decision: undefined,
  };
}
