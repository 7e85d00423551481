import type { Ask } from '../../domain/ask.ts';
import type { Completion } from '../../domain/completion.ts';
import type { Graded, Grader } from '../../domain/evaluation.ts';

/** One answer, with what it was asked for. */
export interface Subject {
  output: {
    text: string;
    /** The parsed answer where there was a schema; undefined: the text is read as JSON where a grader needs that. */
    object: unknown;
  };
  /** Text or any JSON; undefined: nothing is expected. */
  expected: unknown;
  variables: Record<string, unknown>;
}

/** What graders use beside the answer. */
export interface GradeDeps {
  /** Asks a model, at the cost of whoever evaluates. Its tags and who asks are for the caller to know. */
  ask(
    question: Pick<Ask, 'model' | 'messages' | 'outputSchema' | 'params'>,
    signal: AbortSignal,
  ): Promise<Completion>;
  /** What an embedding model makes of the texts, in their order, at the cost of whoever evaluates. */
  embed(model: string, texts: string[], signal: AbortSignal): Promise<number[][]>;
}

/**
 * Has every grader look at an answer. One that cannot say anything, such as a judge without an answer, gives 0 with the reason.
 * @throws the signal's reason; BudgetExceeded and the like where a model refuses to be paid for.
 */
export async function grade(
  graders: readonly Grader[],
  subject: Subject,
  deps: GradeDeps,
  signal: AbortSignal,
): Promise<Graded[]> {
  void subject;
  void deps;
  signal.throwIfAborted();
  return graders.map(({ name }) => ({
    grader: name,
    score: 0,
    passed: false,
    reason: 'not graded yet',
    completionId: undefined,
  }));
}
