import { ensureAllowed } from '../access/rules.ts';
import type { RunOptions, Runs } from '../completion/runs.ts';
import type { Sql } from '../db/database.ts';
import type { Completion } from '../domain/completion.ts';
import { GatewayError, InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { PromptVersion } from '../domain/prompt.ts';
import { closeOwnBudget, openOwnBudget } from '../ledger/budgets/own.ts';
import { newId } from '../lib/ids.ts';
import { createVersion } from '../prompts/create.ts';
import { findPromptVersion, findPromptVersions, readPrompts } from '../prompts/rows.ts';
import type { PromptStore } from '../prompts/store.ts';
import { findEvaluation, readResults } from './evaluation-rows.ts';
import { askForRewrite, ensureRewrite, type FailingCase, type Rewrite } from './rewrite.ts';
import { findCases } from './rows.ts';

const CASES_MAX = 20;

/** What improving needs. */
export interface ImproveDeps {
  sql: Sql;
  prompts: PromptStore;
  runs: Pick<Runs, 'answer'>;
}

/** What is to be improved, and how. */
export interface WantedImprovement {
  /** Whose prompt is improved, by the cases that did not pass; or else a version of a prompt. */
  evaluationId: string | undefined;
  slug: string | undefined;
  version: number | undefined;
  /** Which model writes. */
  model: string;
  instructions: string | undefined;
  maxCostNanos: bigint;
}

/** What became of it: a version, unless what was written is none. */
export interface Improvement {
  completion: Completion;
  explanation: string | undefined;
  promptVersion: PromptVersion | undefined;
  /** Why there is no version although there is an answer. */
  refusal: GatewayError | undefined;
}

/**
 * Has a model write the messages of a prompt anew, and keeps what it wrote as the next version. No label stands for that: it is
 * for people, and evaluations, to say whether it is better.
 * @throws InvalidInput, NotFound; whatever the completion is refused with.
 */
export async function improvePrompt(
  deps: ImproveDeps,
  who: Principal,
  wanted: WantedImprovement,
  { options, by }: { options: RunOptions; by: Origin },
  signal: AbortSignal,
): Promise<Improvement> {
  const { slug, version, failing } = await findSubject(deps, who, wanted);
  const question = askForRewrite(wanted.model, version.spec, { failing, instructions: wanted.instructions });
  const completion = await askWithin(deps, who, wanted.maxCostNanos, async (asker) =>
    deps.runs.answer(asker, question, options, signal),
  );
  const nothing = { completion, explanation: undefined, promptVersion: undefined, refusal: undefined };
  if (completion.outcome?.status !== 'SUCCEEDED') return nothing;
  // It meets the schema, or the completion would have failed.
  const rewrite = completion.outcome.object as Rewrite;
  try {
    const promptVersion = await keep(deps, who, { slug, version, rewrite }, by);
    return { ...nothing, explanation: rewrite.explanation, promptVersion };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { ...nothing, explanation: rewrite.explanation, refusal: error };
  }
}

interface Subject {
  slug: string;
  version: PromptVersion;
  failing: FailingCase[];
}

async function findSubject(
  { sql }: ImproveDeps,
  who: Principal,
  { evaluationId, slug, version, instructions }: WantedImprovement,
): Promise<Subject> {
  if ((evaluationId === undefined) === (slug === undefined))
    throw invalid('evaluation', 'or input.prompt: give exactly one of them');
  if (evaluationId !== undefined) return findEvaluated(sql, who, evaluationId);
  if (instructions === undefined)
    throw invalid('instructions', 'is missing; without an evaluation only that says what is to be better');
  const [prompt] = await readPrompts(sql, who.organisationId, { slug: slug! });
  if (!prompt || prompt.archivedAt) throw new NotFound('prompt', slug!, ['input', 'prompt']);
  return { slug: prompt.slug, version: await ensureVersion(sql, who, prompt, version), failing: [] };
}

async function findEvaluated(sql: Sql, who: Principal, evaluationId: string): Promise<Subject> {
  ensureAllowed(who, 'EVALUATIONS_WRITE', 'what came of the cases of an evaluation');
  const { organisationId } = who;
  const evaluation = await findEvaluation(sql, organisationId, evaluationId);
  if (!evaluation) throw new NotFound('evaluation', evaluationId, ['input', 'evaluation']);
  const [prompt] = await readPrompts(sql, organisationId, { ids: [evaluation.promptId] });
  const version = await ensureVersion(sql, who, prompt!, evaluation.promptVersion);
  const of = { evaluationId, failedOnly: true };
  const results = await readResults(sql, organisationId, of, { first: CASES_MAX });
  if (results.length === 0)
    throw invalid('evaluation', 'has no case that did not pass: there is nothing to improve');
  const ids = results.map(({ caseId }) => caseId);
  const cases = new Map((await findCases(sql, organisationId, ids)).map((one) => [one.id, one]));
  const failing = results.flatMap((result) => {
    const one = cases.get(result.caseId);
    return one ? [{ one, result }] : [];
  });
  return { slug: prompt!.slug, version, failing };
}

async function ensureVersion(
  sql: Sql,
  { organisationId }: Principal,
  prompt: { id: string; slug: string; version: number },
  wanted: number | undefined,
): Promise<PromptVersion> {
  const number = wanted ?? prompt.version;
  const found = await findPromptVersion(sql, organisationId, { promptId: prompt.id, number });
  if (found) return found;
  throw new NotFound(`version of the prompt ${prompt.slug}`, String(number), ['input', 'version']);
}

/** Asks within a budget of its own, which is never passed, however often a route tries. */
async function askWithin(
  { sql }: ImproveDeps,
  who: Principal,
  limitNanos: bigint,
  ask: (asker: Principal) => Promise<Completion>,
): Promise<Completion> {
  if (limitNanos <= 0n) throw invalid('maxCost', 'must be more than 0');
  const tag = { key: 'improvement', value: newId('impr') } as const;
  const budgetId = await openOwnBudget(sql, { organisationId: who.organisationId, tag, limitNanos });
  try {
    return await ask({ ...who, tags: [...who.tags, tag] });
  } finally {
    await closeOwnBudget(sql, budgetId);
  }
}

async function keep(
  { sql, prompts }: ImproveDeps,
  who: Principal,
  { slug, version, rewrite }: { slug: string; version: PromptVersion; rewrite: Rewrite },
  by: Origin,
): Promise<PromptVersion> {
  ensureRewrite(rewrite, version.spec);
  const { partials: _partials, cache, ...spec } = version.spec;
  const messages = rewrite.messages.map(({ role, template }) => ({ role, template }));
  const wanted = { ...spec, messages, cacheSeconds: cache?.maxAgeSeconds };
  const note = `draft by promptImprove of v${version.number}`;
  const id = await createVersion(prompts, who, { slug, version: wanted, note }, by);
  return (await findPromptVersions(sql, who.organisationId, [id]))[0]!;
}

function invalid(field: string, what: string): InvalidInput {
  const path = ['input', field];
  return new InvalidInput([{ path, message: `${path.join('.')} ${what}` }]);
}
