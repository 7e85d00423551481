import type { RunOptions, Runs } from '../completion/runs.ts';
import type { Graded, Grader } from '../domain/evaluation.ts';
import type { Principal } from '../domain/principal.ts';
import { grade } from './graders/grade.ts';
import type { GradeDeps, Subject } from './graders/grader-kind.ts';

/**
 * Has graders look at one answer that somebody has at hand. What models are asked for that is a completion of whoever tries.
 * @throws as `grade` does.
 */
export function tryGraders(
  runs: Pick<Runs, 'answer'>,
  who: Principal,
  { graders, subject }: { graders: readonly Grader[]; subject: Subject },
  options: RunOptions,
  signal: AbortSignal,
): Promise<Graded[]> {
  const rest = { tools: [], tags: [], endUserId: undefined, priority: 'INTERACTIVE' as const };
  const ask: GradeDeps['ask'] = (question, stop) => runs.answer(who, { ...question, ...rest }, options, stop);
  return grade(graders, subject, { ask }, signal);
}
