import { defaultFieldResolver, isObjectType, type GraphQLField, type GraphQLSchema } from 'graphql';
import { ensureAllowed, findRule, type Rule } from '../access/rules.ts';
import type { GraphContext } from './context.ts';

/**
 * Puts the table of rules before every field. A subscription is refused before its source starts, which may be a paid
 * call, and again with each event, so that who loses a scope gets nothing more.
 * @throws Error for a field without a rule: nothing is open because somebody forgot it.
 */
export function guardFields(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const what = `${type.name}.${field.name}`;
      const rule = findRule(type.name, field.name);
      if (!rule)
        throw new Error(`${what} has no rule; write into the table of access/rules.ts who may ask for it`);
      // What everybody may ask for costs nothing.
      if (rule !== 'AUTHENTICATED') guard(field as GraphQLField<unknown, GraphContext>, rule, what);
    }
  }
  return schema;
}

function guard(field: GraphQLField<unknown, GraphContext>, rule: Rule, what: string): void {
  const { resolve = defaultFieldResolver, subscribe } = field;
  field.resolve = (parent, args, context, info) => {
    ensureAllowed(context.who, rule, what);
    return resolve(parent, args, context, info);
  };
  if (!subscribe) return;
  field.subscribe = (parent, args, context, info) => {
    ensureAllowed(context.who, rule, what);
    return subscribe(parent, args, context, info);
  };
}
