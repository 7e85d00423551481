import type { Grant } from '../access/authorize.ts';
import type { Ask } from '../domain/ask.ts';
import type { Model, Price } from '../domain/model.ts';
import type { Usage } from '../domain/completion.ts';
import { countTokens } from '../lib/tokens.ts';

/** Held for the answer when neither the caller nor the catalogue bounds it. */
const DEFAULT_OUTPUT_TOKENS = 4_096;
/** What vendors count for a picture or a page, roughly; the real figure comes with the answer. */
const TOKENS_PER_FILE = 1_500;

/** Which model answers, at what price, and what that may cost at most. */
export interface Plan {
  grant: Grant;
  model: Model;
  price: Price | undefined;
  estimatedInputTokens: number;
  /** Nano-USD; undefined when the price is unknown. */
  worstCaseNanos: bigint | undefined;
}

/** What planning needs of the catalogue. */
export interface Pricing {
  ensureModel(name: string): Model;
  priceFor(model: Model, at: Date): Price | undefined;
  costOf(price: Price, usage: Usage): bigint;
}

/** @throws ModelUnavailable when no configured provider has the model. */
export function plan(grant: Grant, pricing: Pricing, at: Date): Plan {
  const { ask } = grant;
  const model = pricing.ensureModel(ask.model);
  const price = pricing.priceFor(model, at);
  const estimatedInputTokens = estimateInputTokens(ask);
  const output = ask.params.maxOutputTokens ?? model.maxOutputTokens ?? DEFAULT_OUTPUT_TOKENS;
  const worstCase = estimatedUsage(estimatedInputTokens, output);
  return {
    grant,
    model,
    price,
    estimatedInputTokens,
    worstCaseNanos: price && pricing.costOf(price, worstCase),
  };
}

export function estimatedUsage(input: number, output: number): Usage {
  return { input, output, cacheRead: 0, cacheWrite: 0, reasoning: 0, source: 'ESTIMATED' };
}

function estimateInputTokens(ask: Ask): number {
  let tokens = 0;
  for (const { parts } of ask.messages) {
    for (const part of parts) {
      if (part.type === 'text') tokens += countTokens(part.text);
      else if (part.type === 'tool-call') tokens += countTokens(JSON.stringify(part.arguments) ?? '');
      else if (part.type === 'tool-result') tokens += countTokens(JSON.stringify(part.output) ?? '');
      else tokens += TOKENS_PER_FILE;
    }
  }
  if (ask.tools.length > 0) tokens += countTokens(JSON.stringify(ask.tools));
  if (ask.outputSchema) tokens += countTokens(JSON.stringify(ask.outputSchema));
  return tokens;
}
