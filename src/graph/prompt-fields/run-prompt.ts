import { parseAsk, type AskDraft } from '../../domain/ask.ts';
import { InvalidInput, type InputIssue } from '../../domain/errors.ts';
import { answer } from '../completion-queries.ts';
import { orRefusal, toReadOptions } from '../completion-stream.ts';
import type { GraphContext } from '../context.ts';
import type { UserErrorData } from '../errors.ts';
import type { AnsweredPrompt, PromptTypes } from './prompt-types.ts';
import { withText, type SentOfPrompt } from './stream-source.ts';

/** The arguments of a prompt's field: its variables, and how it is run. */
export interface PromptArgs {
  run?: RunInput | null;
  [variable: string]: unknown;
}

interface RunInput {
  idempotencyKey?: string | null;
  after?: string | null;
  coalesceMs?: number | null;
}

/** Runs a version and waits for its end. */
export async function answerPrompt(
  types: PromptTypes,
  args: PromptArgs,
  context: GraphContext,
  label: string,
): Promise<AnsweredPrompt> {
  const variables = types.variables.toVariables(args);
  const wanted = { variables, run: args.run ?? {}, label };
  const answered = await answer(context, () => toDraft(types, wanted), args.run?.idempotencyKey);
  if (answered.errors.length > 0) context.isRepeatable = false;
  return { ...answered, errors: answered.errors.map(inOwnPlace) };
}

/**
 * Runs a version for an entity of another subgraph, and waits for its end.
 * @param variables as that subgraph has answered them; not checked yet.
 */
export async function answerForEntity(
  types: PromptTypes,
  variables: Record<string, unknown>,
  context: GraphContext,
  label: string,
): Promise<AnsweredPrompt> {
  const answered = await answer(context, () => toDraft(types, { variables, run: {}, label }));
  return { ...answered, errors: answered.errors.map(inOwnPlace) };
}

/** Runs a version, or attaches to what the idempotency key stands for. */
export async function streamPrompt(
  types: PromptTypes,
  args: PromptArgs,
  context: GraphContext,
  label: string,
): Promise<AsyncIterableIterator<SentOfPrompt>> {
  const { gateway, who, signal, traceId, requestId, ip, region, onLimits } = context;
  const run = args.run ?? {};
  let textBefore = '';
  const events = await orRefusal(async () => {
    try {
      const about = {
        traceId,
        requestId,
        ip,
        region,
        onLimits,
        onTextBefore: (text: string) => (textBefore = text),
      };
      const options = { ...about, idempotencyKey: run.idempotencyKey ?? undefined, ...toReadOptions(run) };
      const draft = toDraft(types, { variables: types.variables.toVariables(args), run, label });
      return await gateway.runs.stream(who, draft, options, signal);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      throw new InvalidInput(error.issues.map(toOwnPlace));
    }
  });
  return withText(events, textBefore);
}

/** How a version is wanted. */
interface Wanted {
  variables: Record<string, unknown>;
  run: RunInput;
  label: string;
}

/** The version is the one whose types the caller has seen, so that answer and types always agree. */
function toDraft({ prompt: { slug }, version }: PromptTypes, { variables, run, label }: Wanted): AskDraft {
  const { idempotencyKey: _key, after: _after, coalesceMs: _ms, ...settings } = run;
  const prompt = { slug, label, version: version.number, variables };
  const draft = parseAsk({ ...settings, source: { prompt } });
  return 'promptRef' in draft ? { ...draft, promptRef: { ...draft.promptRef, isPinned: true } } : draft;
}

function inOwnPlace(error: UserErrorData): UserErrorData {
  const { path, message } = error;
  return path ? { ...error, ...toOwnPlace({ path, message }) } : error;
}

const VARIABLES = ['input', 'source', 'prompt', 'variables'];

/** The parts below know the input of `completionCreate`; here its variables are arguments, and the rest is `run`. */
function toOwnPlace({ path, message }: InputIssue): InputIssue {
  const isVariable = VARIABLES.every((segment, index) => path[index] === segment);
  const rest = path[0] === 'input' ? path.slice(1) : path;
  const own = isVariable ? path.slice(VARIABLES.length) : ['run', ...rest];
  return { path: own, message: message.replace(path.join('.'), own.join('.')) };
}
