import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { PromptAsk } from '../domain/ask.ts';
import type { Completion } from '../domain/completion.ts';
import { BudgetExceeded, Forbidden, GatewayError, ModelUnavailable, NotFound } from '../domain/errors.ts';
import type { DatasetCase, Evaluation, EvaluationResult, Graded } from '../domain/evaluation.ts';
import { textOf } from '../completion/answer.ts';
import type { Asking } from './asking.ts';
import { grade } from './graders/grade.ts';
import type { GradeDeps } from './graders/grader-kind.ts';

/** The completion has the whole answer. */
const KEPT_CHARS = 20_000;

/** What the cases of an evaluation have in common. */
export interface CaseRun {
  evaluation: Evaluation;
  /** Of its prompt. */
  slug: string;
  asking: Asking;
}

/**
 * Asks the prompt for one case, and grades the answer.
 * @throws what is to end the evaluation as a whole: BudgetExceeded, and what holds for each case. The signal's reason.
 */
export async function runCase(
  run: CaseRun,
  one: DatasetCase,
  signal: AbortSignal,
): Promise<EvaluationResult> {
  const spent = new Map<string, Completion>();
  const ask = (name: string, draft: Parameters<Asking['ask']>[1]) =>
    run.asking.ask(name, draft, signal, (completion) => spent.set(completion.id, completion));
  const name = `${run.evaluation.id}/${one.id}`;
  let answer: Completion | undefined;
  const nothing = { graded: [], passed: false };
  const told = (rest: Pick<EvaluationResult, 'graded' | 'passed' | 'error'>) =>
    toResult(run, one, answer, { ...rest, costNanos: sumOf([...spent.values()]) });
  try {
    answer = await ask(name, toAsk(run, one));
    const { outcome } = answer;
    if (outcome?.status !== 'SUCCEEDED')
      return told({ ...nothing, error: outcome?.failure?.message ?? 'there is no answer' });
    const graded = await judge(
      run,
      one,
      { text: textOf(outcome.parts), object: outcome.object },
      ask,
      signal,
    );
    return told({ graded, passed: graded.every(({ passed }) => passed), error: undefined });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GatewayError) || endsAll(error)) throw error;
    return told({ ...nothing, error: answer ? `it could not be graded: ${error.message}` : error.message });
  }
}

function judge(
  { evaluation }: CaseRun,
  { id, expected, variables }: DatasetCase,
  output: { text: string; object: unknown },
  ask: (name: string, draft: Parameters<Asking['ask']>[1]) => Promise<Completion>,
  signal: AbortSignal,
): Promise<Graded[]> {
  const deps: GradeDeps = {
    ask: (question) => {
      // The same question has the same name, whoever asks it after this process.
      const digest = hash('sha256', canonicalize(question) ?? '').slice(0, 16);
      const rest = { tools: [], tags: [], endUserId: undefined, priority: 'BATCH' as const };
      return ask(`${evaluation.id}/${id}/${digest}`, { ...question, ...rest });
    },
  };
  return grade(evaluation.graders, { output, expected, variables }, deps, signal);
}

function toAsk({ evaluation, slug }: CaseRun, { variables }: DatasetCase): PromptAsk {
  return {
    model: evaluation.model,
    promptRef: { slug, label: '', version: evaluation.promptVersion, variables, record: false },
    params: {},
    tags: [],
    endUserId: undefined,
    priority: 'BATCH',
  };
}

/** It would be no other for the next case. */
function endsAll(error: GatewayError): boolean {
  return [BudgetExceeded, Forbidden, ModelUnavailable, NotFound].some((kind) => error instanceof kind);
}

function toResult(
  { evaluation }: CaseRun,
  one: DatasetCase,
  answer: Completion | undefined,
  rest: Pick<EvaluationResult, 'graded' | 'passed' | 'error' | 'costNanos'>,
): EvaluationResult {
  const outcome = answer?.outcome;
  const text = outcome && textOf(outcome.parts).slice(0, KEPT_CHARS);
  const isShort = JSON.stringify(outcome?.object ?? null).length <= KEPT_CHARS;
  return {
    evaluationId: evaluation.id,
    caseId: one.id,
    completionId: answer?.id,
    text,
    object: isShort ? outcome?.object : undefined,
    latencyMs: outcome?.totalMs ?? 0,
    ...rest,
  };
}

function sumOf(spent: readonly Completion[]): bigint | undefined {
  return spent.reduce<bigint | undefined>((sum, { outcome }) => {
    const cost = outcome?.costNanos;
    return sum === undefined || cost === undefined ? undefined : sum + cost;
  }, 0n);
}
