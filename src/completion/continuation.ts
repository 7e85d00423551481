import type { Grant } from '../access/authorize.ts';
import type { Chunk, Part } from '../domain/completion.ts';
import type { Clock } from '../lib/clock.ts';
import { countTokens } from '../lib/tokens.ts';
import { textOf } from './answer.ts';
import type { Call } from './call.ts';
import { plan, type Plan, type Pricing } from './plan.ts';

/** What the caller has of an answer that broke off, and from which the next attempt goes on. */
export interface Beginning {
  parts: Part[];
  /** Since the completion began. */
  firstTokenMs: number | undefined;
}

/**
 * The ask once more, with what there is of its answer. No vendor likes a beginning that ends in white space, some refuse it.
 * @param wanted the model that goes on, and the ask as it came.
 */
export function planContinuation(
  { pricing, clock }: { pricing: Pricing; clock: Clock },
  { model, path, warnings, grant }: Plan,
  { meter }: Pick<Call, 'meter'>,
): Plan {
  const text = meter.text();
  const ask = { ...grant.ask, params: paramsAfter(grant, text), answerSoFar: text.trimEnd() };
  return { ...plan({ ...grant, ask }, pricing, clock.now(), model.name, warnings), path };
}

/** The limit of the output holds for all of it. What there was to think was thought before the first word. */
function paramsAfter({ ask: { params } }: Grant, text: string): Grant['ask']['params'] {
  const { maxOutputTokens, reasoning } = params;
  return {
    ...params,
    ...(maxOutputTokens !== undefined && {
      maxOutputTokens: Math.max(1, maxOutputTokens - countTokens(text)),
    }),
    ...(reasoning !== undefined && text !== '' && { reasoning: 'NONE' as const }),
  };
}

/** The white space at the end of the beginning was not sent along: what comes again of it is left out. */
export function createSeam({ parts }: Beginning): (chunk: Chunk) => Chunk {
  const text = textOf(parts);
  let space = text.slice(text.trimEnd().length);
  return (chunk) => {
    if (chunk.type !== 'text' || space === '') return chunk;
    let repeated = 0;
    while (repeated < space.length && chunk.text[repeated] === space[repeated]) repeated += 1;
    space = repeated === chunk.text.length ? space.slice(repeated) : '';
    return { type: 'text', text: chunk.text.slice(repeated) };
  };
}
