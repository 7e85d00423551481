import type { Tag } from './completion.ts';
import type { Granted, Principal } from './principal.ts';

/** What one paid call counts for in the cost of an operation, through whatever door. */
export const COMPLETION_COST = 50;

/** What holds for everybody who runs an operation, beside what holds for them anyway. */
export interface OperationPolicy {
  /** Models and routes that it may ask for; empty: all. */
  models: string[];
  /** What its completions are tagged with, beside `operation=<name>`. */
  tags: Tag[];
  /** The most that one completion may write. */
  maxOutputTokens?: number | undefined;
  /** How long an answer of `complete` may be given again to the same caller, where the text says nothing of it. */
  cacheTtlSeconds?: number | undefined;
}

/** An operation that is known before anybody sends it. */
export interface TrustedOperation {
  name: string;
  text: string;
  policy: OperationPolicy;
  /** SHA-256 of the text in hexadecimal digits, of one that can be taken out of trust while the gateway runs. */
  hash?: string;
}

/** The tag that says which trusted operation a completion comes of; nobody else may say it. */
export const OPERATION_TAG = 'operation';

export const NO_POLICY: OperationPolicy = { models: [], tags: [] };

/** No model has an empty name, so this list lets none through; an empty list would let all. */
const NONE = [''];

/** The same caller as far as the policy of an operation goes: a policy only ever takes away. */
export function underPolicy(who: Principal, { name, policy }: TrustedOperation): Principal {
  return {
    ...who,
    operation: name,
    models: inBoth(who.models, policy.models),
    granted: who.granted && narrow(who.granted, policy.models),
    tags: mergeTags(mergeTags(who.tags, policy.tags), [{ key: OPERATION_TAG, value: name }]),
    maxOutputTokens: least(who.maxOutputTokens, policy.maxOutputTokens),
  };
}

/** What was granted goes no further than the policy either. */
function narrow(granted: Granted, allowed: readonly string[]): Granted {
  if (allowed.length === 0) return granted;
  const { names, own } = granted;
  return {
    ...granted,
    names: new Set(allowed.filter((name) => names.has(name))),
    own: { ...own, models: inBoth(own.models, allowed) },
  };
}

/** Tags of both; where both have a key, what the stronger one says of it holds. */
function mergeTags(weaker: readonly Tag[], stronger: readonly Tag[]): Tag[] {
  const keys = new Set(stronger.map(({ key }) => key));
  return [...weaker.filter(({ key }) => !keys.has(key)), ...stronger];
}

function inBoth(own: readonly string[], allowed: readonly string[]): readonly string[] {
  if (own.length === 0) return allowed;
  if (allowed.length === 0) return own;
  const both = own.filter((model) => allowed.includes(model));
  return both.length > 0 ? both : NONE;
}

export function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
