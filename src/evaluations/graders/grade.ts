import type { Graded, Grader } from '../../domain/evaluation.ts';
import type { GradeDeps, GraderKind, Subject, Verdict } from './grader-kind.ts';
import { ANSWER_CHARS_MAX } from './read-answer.ts';
import { GRADER_KINDS } from './table.ts';

/**
 * Has every grader look at an answer, all at once. One that has nothing to go by gives 0 and says why.
 * @throws the signal's reason; what a judge's completion is refused with, such as BudgetExceeded.
 */
export async function grade(
  graders: readonly Grader[],
  subject: Subject,
  deps: GradeDeps,
  signal: AbortSignal,
): Promise<Graded[]> {
  signal.throwIfAborted();
  return Promise.all(graders.map((grader) => gradeBy(grader, subject, deps, signal)));
}

async function gradeBy(
  { name, type, threshold, settings }: Grader,
  subject: Subject,
  deps: GradeDeps,
  signal: AbortSignal,
): Promise<Graded> {
  const kind = GRADER_KINDS[type] as GraderKind;
  const obstacle = findObstacle(kind, subject);
  const { score, reason, completionId }: Verdict =
    obstacle === undefined
      ? await kind.grade(settings, subject, deps, signal)
      : { score: 0, reason: obstacle };
  return { grader: name, score, passed: score >= threshold, reason, completionId };
}

function findObstacle({ needsExpected }: GraderKind, { output, expected }: Subject): string | undefined {
  if (needsExpected && expected === undefined) return 'the case does not say what is expected';
  const { length } = output.text;
  if (length > ANSWER_CHARS_MAX)
    return `the answer is ${length} characters long; at most ${ANSWER_CHARS_MAX} are graded`;
  return undefined;
}
