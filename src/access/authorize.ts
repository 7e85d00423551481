import type { Ask } from '../domain/ask.ts';
import { Forbidden, InvalidInput } from '../domain/errors.ts';
import { least, OPERATION_TAG } from '../domain/operation.ts';
import type { Principal } from '../domain/principal.ts';
import { isRouteName } from '../domain/route.ts';
import { isTaskTag } from '../domain/tag.ts';
import type { AskFirst } from './ask-first.ts';
import { ensureAllowed } from './rules.ts';

/** An ask that its caller may make. */
export interface Grant {
  who: Principal;
  ask: Ask;
}

/** Whether somebody may use a model, and what says so. */
interface Judgement {
  allowed: boolean;
  via: string;
}

type Listed = Pick<AskFirst, 'has'>;

/**
 * @returns the ask with the tags of its caller, with its end user where the credential names one, and with no more output
 * than its caller may have.
 * @throws Forbidden when the caller may not ask for completions, not for this model (then it says how to ask for it), or
 * not for this end user; InvalidInput for a tag that says otherwise what the caller's own tags say, or which
 * operation this is: what is charged to whom is not for the request to choose.
 */
export function authorize(askFirst: Listed, who: Principal, ask: Ask): Grant {
  ensureAllowed(who, 'COMPLETIONS_WRITE', 'a completion');
  ensureMayUse(askFirst, who, ask.model);
  return { who, ask: forEndUser(who, withTags(who, atMost(who, ask))) };
}

/**
 * @param asked the name that leads to the model, where that is another one.
 * @throws Forbidden, which says how to ask for it.
 */
export function ensureMayUse(askFirst: Listed, who: Principal, model: string, asked = model): void {
  if (mayUseModel(askFirst, who, model)) return;
  const name = JSON.stringify(model);
  const kind = isRouteName(model) ? 'ROUTE' : 'MODEL';
  const shown = asked === model ? name : `${name}, which ${JSON.stringify(asked)} leads to`;
  const refusal = isListed(who, model)
    ? `${shown} takes an approval`
    : `this key may not use ${shown}${asked === model ? ', only' : '; it may use'} ${who.models.join(', ')}`;
  throw new Forbidden(
    `${refusal}; ask for it by accessRequestCreate(input: { kind: ${kind}, targetId: ${name}, reason: "…" })`,
  );
}

export function mayUseModel(askFirst: Listed, who: Principal, model: string): boolean {
  return judgeModel(askFirst, who, model).allowed;
}

export function judgeModel(askFirst: Listed, who: Principal, model: string): Judgement {
  if (who.granted?.names.has(model)) return { allowed: true, via: 'a grant' };
  if (!isListed(who, model)) return { allowed: false, via: 'the list of models of the key' };
  if (askFirst.has(who.organisationId, model))
    return { allowed: false, via: 'the organisation wants to be asked first' };
  return {
    allowed: true,
    via: who.models.length === 0 ? 'the key may use every model' : 'the list of models of the key',
  };
}

function isListed({ models }: Principal, model: string): boolean {
  return models.length === 0 || models.includes(model);
}

function forEndUser({ endUserId }: Principal, ask: Ask): Ask {
  if (endUserId === undefined || ask.endUserId === endUserId) return ask;
  if (ask.endUserId === undefined) return { ...ask, endUserId };
  throw new Forbidden(
    `input.endUserId is ${JSON.stringify(ask.endUserId)}; who you are lets you ask for ${JSON.stringify(endUserId)} only`,
  );
}

function atMost({ maxOutputTokens: most }: Principal, ask: Ask): Ask {
  if (most === undefined) return ask;
  return { ...ask, params: { ...ask.params, maxOutputTokens: least(ask.params.maxOutputTokens, most) } };
}

function withTags({ tags: own }: Principal, ask: Ask): Ask {
  const issues = ask.tags.flatMap(({ key, value }, index) => {
    const fixed = own.find((tag) => tag.key === key);
    if (fixed ? fixed.value === value : key !== OPERATION_TAG && !isTaskTag(key)) return [];
    const path = ['input', 'tags', String(index)];
    const why = fixed
      ? `your key, or the operation, says ${key}=${fixed.value}`
      : `that is for completions of ${key === OPERATION_TAG ? 'a trusted operation' : `an ${key}`}, which this is not`;
    return [{ path, message: `${path.join('.')} is ${key}=${value}; ${why}` }];
  });
  if (issues.length > 0) throw new InvalidInput(issues);
  if (own.length === 0) return ask;
  return { ...ask, tags: [...own, ...ask.tags.filter(({ key }) => !own.some((tag) => tag.key === key))] };
}
