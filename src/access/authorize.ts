import type { Ask } from '../domain/ask.ts';
import { Forbidden } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { ensureAllowed } from './rules.ts';

/** An ask that its caller may make. */
export interface Grant {
  who: Principal;
  ask: Ask;
}

/**
 * @returns the ask with the end user of its caller, where the credential names one.
 * @throws Forbidden when the caller may not ask for completions, not for this model, or not for this end user.
 */
export function authorize(who: Principal, ask: Ask): Grant {
  ensureAllowed(who, 'COMPLETIONS_WRITE', 'a completion');
  if (!mayUseModel(who, ask.model)) {
    throw new Forbidden(`this key may not use ${JSON.stringify(ask.model)}, only ${who.models.join(', ')}`);
  }
  return { who, ask: forEndUser(who, ask) };
}

function forEndUser({ endUserId }: Principal, ask: Ask): Ask {
  if (endUserId === undefined || ask.endUserId === endUserId) return ask;
  if (ask.endUserId === undefined) return { ...ask, endUserId };
  throw new Forbidden(
    `input.endUserId is ${JSON.stringify(ask.endUserId)}; who you are lets you ask for ${JSON.stringify(endUserId)} only`,
  );
}

export function mayUseModel(who: Principal, model: string): boolean {
  return who.models.length === 0 || who.models.includes(model);
}
