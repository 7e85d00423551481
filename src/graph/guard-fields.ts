import { defaultFieldResolver, isObjectType, type GraphQLFieldConfig, type GraphQLSchema } from 'graphql';
import { ensureAllowed, findRule, type Rule } from '../access/rules.ts';
import { Forbidden } from '../domain/errors.ts';
import type { GraphContext } from './context.ts';
import type { UserErrorData } from './errors.ts';

/** A field, or what one will be made of. */
type Guardable<Source, Args> = Pick<GraphQLFieldConfig<Source, GraphContext, Args>, 'resolve' | 'subscribe'>;
type Field = Guardable<unknown, object>;

/**
 * Puts the table of rules before every field. A subscription is refused before its source starts, which may be a paid
 * call, and again with each event, so that who loses a scope gets nothing more. Refusals are told to the audit, those too
 * that a field answers as data.
 * @throws Error for a field without a rule: nothing is open because somebody forgot it.
 */
export function guardFields(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const what = `${type.name}.${field.name}`;
      const rule = findRule(type.name, field.name);
      if (!rule)
        throw new Error(`${what} has no rule; write into the table of access/rules.ts who may ask for it`);
      if (roots.includes(type)) tellRefusals(field as Field, what);
      // What everybody may ask for costs nothing.
      if (rule !== 'AUTHENTICATED') guard(field as Field, rule, what);
    }
  }
  return schema;
}

/** Lets only those ask for a field whom its rule lets. */
export function guard<Source, Args>(field: Guardable<Source, Args>, rule: Rule, what: string): void {
  const { resolve = defaultFieldResolver, subscribe } = field;
  field.resolve = (parent, args, context, info) => {
    ensure(context, rule, what);
    return resolve(parent, args, context, info);
  };
  if (!subscribe) return;
  field.subscribe = (parent, args, context, info) => {
    ensure(context, rule, what);
    return subscribe(parent, args, context, info);
  };
}

function ensure(context: GraphContext, rule: Rule, what: string): void {
  try {
    ensureAllowed(context.who, rule, what);
  } catch (error) {
    if (error instanceof Forbidden) tell(context, what, error.message);
    throw error;
  }
}

/** Tells the audit of refusals. What a caller can cause is answered as data, so the answer has to be looked at. */
export function tellRefusals<Source, Args>(field: Guardable<Source, Args>, what: string): void {
  const { resolve = defaultFieldResolver } = field;
  field.resolve = (parent, args, context, info) => {
    const look = (answer: unknown) => {
      const refusal = findRefusal(answer);
      if (refusal) tell(context, what, refusal.message);
      return answer;
    };
    const answer: unknown = resolve(parent, args, context, info);
    return answer instanceof Promise ? answer.then(look) : look(answer);
  };
}

/** Among the errors of a payload, or in the event by which a refused stream ends. */
function findRefusal(answer: unknown): UserErrorData | undefined {
  const { errors, refusal = errors } = (answer ?? {}) as { errors?: unknown; refusal?: unknown };
  if (!Array.isArray(refusal)) return undefined;
  return (refusal as UserErrorData[]).find(({ code }) => code === 'FORBIDDEN');
}

function tell({ gateway, who, requestId, ip }: GraphContext, target: string, reason: string): void {
  gateway.accessLog.refused(who, { target, reason }, { requestId, ip });
}
