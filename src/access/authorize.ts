import type { Ask } from '../domain/ask.ts';
import { Forbidden } from '../domain/errors.ts';
import { least, mergeTags } from '../domain/operation.ts';
import type { Principal } from '../domain/principal.ts';
import { ensureAllowed } from './rules.ts';

/** An ask that its caller may make. */
export interface Grant {
  who: Principal;
  ask: Ask;
}

/** @throws Forbidden when the caller may not ask for completions, or not for this model. */
export function authorize(who: Principal, ask: Ask): Grant {
  ensureAllowed(who, 'COMPLETIONS_WRITE', 'a completion');
  if (!mayUseModel(who, ask.model)) {
    throw new Forbidden(`this key may not use ${JSON.stringify(ask.model)}, only ${who.models.join(', ')}`);
  }
  return toGrant(who, ask);
}

/** The ask with what its caller has to hold to: their tags, which no tag of the request takes the place of, and their limit. */
export function toGrant(who: Principal, ask: Ask): Grant {
  if (who.tags.length === 0 && who.maxOutputTokens === undefined) return { who, ask };
  const maxOutputTokens = least(ask.params.maxOutputTokens, who.maxOutputTokens);
  return {
    who,
    ask: { ...ask, tags: mergeTags(ask.tags, who.tags), params: { ...ask.params, maxOutputTokens } },
  };
}

export function mayUseModel(who: Principal, model: string): boolean {
  return who.models.length === 0 || who.models.includes(model);
}
