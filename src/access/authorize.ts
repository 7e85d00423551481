import type { Ask } from '../domain/ask.ts';
import { Forbidden } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
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

/** @throws Forbidden when the caller may not ask for completions, or not for this model; it says how to ask for it. */
export function authorize(askFirst: Listed, who: Principal, ask: Ask): Grant {
  ensureAllowed(who, 'COMPLETIONS_WRITE', 'a completion');
  if (mayUseModel(askFirst, who, ask.model)) return { who, ask };
  const name = JSON.stringify(ask.model);
  const refusal = isListed(who, ask.model)
    ? `${name} takes an approval`
    : `this key may not use ${name}, only ${who.models.join(', ')}`;
  throw new Forbidden(
    `${refusal}; ask for it by accessRequestCreate(input: { kind: MODEL, targetId: ${name}, reason: "…" })`,
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
