import type { Ask } from '../domain/ask.ts';
import { Forbidden, InvalidInput } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { ensureAllowed } from './rules.ts';

/** An ask that its caller may make. */
export interface Grant {
  who: Principal;
  ask: Ask;
}

/**
 * @returns the ask with the tags of its caller, and with its end user where the credential names one.
 * @throws Forbidden when the caller may not ask for completions, not for this model, or not for this end user;
 * InvalidInput for a tag that says otherwise what the caller's own tags say: what is charged to whom is not for the
 * request to choose.
 */
export function authorize(who: Principal, ask: Ask): Grant {
  ensureAllowed(who, 'COMPLETIONS_WRITE', 'a completion');
  if (!mayUseModel(who, ask.model)) {
    throw new Forbidden(`this key may not use ${JSON.stringify(ask.model)}, only ${who.models.join(', ')}`);
  }
  const own = who.tags.length === 0 ? ask : { ...ask, tags: joinTags(who, ask) };
  return { who, ask: forEndUser(who, own) };
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

function joinTags({ tags: own }: Principal, { tags }: Ask): Ask['tags'] {
  const issues = tags.flatMap(({ key, value }, index) => {
    const fixed = own.find((tag) => tag.key === key);
    if (!fixed || fixed.value === value) return [];
    const path = ['input', 'tags', String(index)];
    const message = `${path.join('.')} is ${key}=${value}; your own key says ${key}=${fixed.value}`;
    return [{ path, message }];
  });
  if (issues.length > 0) throw new InvalidInput(issues);
  return [...own, ...tags.filter(({ key }) => !own.some((tag) => tag.key === key))];
}
