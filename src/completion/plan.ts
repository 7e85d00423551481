import type { Grant } from '../access/authorize.ts';
import type { Completion, Usage } from '../domain/completion.ts';
import { Forbidden, ModelUnavailable } from '../domain/errors.ts';
import { isRefused, warnOf, type Standing } from '../domain/lifecycle.ts';
import type { Capability, Model, Price } from '../domain/model.ts';
import type { Reservation } from '../ledger/reserve.ts';
import { findResidencyObstacle } from '../routing/obstacles.ts';
import { boundInputTokens } from './ask-size.ts';
import { sizeUp } from './sized-ask.ts';

/** Held for the answer when neither the caller nor the catalogue bounds it. */
const DEFAULT_OUTPUT_TOKENS = 8_192;

/** Assumed of an answer when there is nothing to go by. */
export const LIKELY_OUTPUT_TOKENS = 500;

/** Which model answers, at what price, and what that may come to at most. */
export interface Plan extends Pick<Reservation, 'price' | 'worstCase' | 'estimatedInputTokens'> {
  grant: Grant;
  model: Model;
  /** Output tokens that are held for. */
  maxOutputTokens: number;
  /** Output tokens that limits count until the real number is known. */
  estimatedOutputTokens: number;
  /** The routes that lead to the model, the one that was asked for first; empty where there is none. */
  path: readonly string[];
  /** The trial that the request belongs to, and its arm. */
  trial?: Completion['trial'];
  /** What the caller should know of how this plan came about. */
  warnings: string[];
}

/** What planning needs of the catalogue. */
export interface Pricing {
  /** @param offers what it has to offer; text, unless given. */
  ensureModel(name: string, offers?: Capability): Model;
  priceFor(model: Model, organisationId: string, at: Date): Price | undefined;
  costOf(price: Price, usage: Usage): bigint;
  worstCostOf(price: Price, tokens: { input: number; output: number }): bigint;
  /** Whether the model comes to its end. */
  standingOf(model: Model, organisationId: string, at: Date): Standing;
  /** The model that is to be called for a name, by aliases and replacements. */
  nameNow(organisationId: string, name: string, at: Date): string;
}

/**
 * @param modelName instead of the one that is asked for.
 * @throws ModelUnavailable when no configured provider has the model, or it has ended and is to be refused; Forbidden when it is where the caller's requests may
 * not go. Whatever is called was planned here, so nothing gets past that.
 */
export function plan(
  grant: Grant,
  pricing: Pricing,
  at: Date,
  modelName = grant.ask.model,
  warnings: string[] = [],
): Plan {
  const { who, ask } = grant;
  const model = pricing.ensureModel(modelName, ask.embeds ? 'EMBEDDINGS' : 'TEXT');
  const outside = findResidencyObstacle(model, { allowedRegions: who.regions });
  if (outside) throw new Forbidden(outside.message);
  const standing = pricing.standingOf(model, who.organisationId, at);
  if (isRefused(standing)) throw new ModelUnavailable(`${warnOf(standing)}`);
  const price = pricing.priceFor(model, who.organisationId, at);
  const output = ask.embeds
    ? 0
    : (ask.params.maxOutputTokens ?? model.maxOutputTokens ?? DEFAULT_OUTPUT_TOKENS);
  // What does not fit the context window is refused by the vendor, and costs nothing.
  const input = Math.min(boundInputTokens(ask), model.contextWindow ?? Infinity);
  return {
    grant,
    model,
    price,
    estimatedInputTokens: sizeUp(ask).inputTokens,
    maxOutputTokens: output,
    // Some models could write a book; nobody waits with a limit of tokens until there is room for one.
    estimatedOutputTokens: ask.params.maxOutputTokens ?? Math.min(output, DEFAULT_OUTPUT_TOKENS),
    worstCase: { nanos: price && pricing.worstCostOf(price, { input, output }), tokens: input + output },
    path: [],
    warnings: withWarning(warnings, warnOf(standing)),
  };
}

/** What is planned anew has the warnings of before. */
function withWarning(warnings: string[], more: string | undefined): string[] {
  return more === undefined || warnings.includes(more) ? warnings : [...warnings, more];
}

export function estimatedUsage(input: number, output: number): Usage {
  return { input, output, cacheRead: 0, cacheWrite: 0, reasoning: 0, source: 'ESTIMATED' };
}
