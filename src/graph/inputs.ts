import { builder } from './builder.ts';

export const DateTimeRange = builder.inputType('DateTimeRange', {
  description: 'From an instant, which is included, to another, which is not. Without `to`: until now.',
  fields: (t) => ({ from: t.field({ type: 'DateTime', required: true }), to: t.field({ type: 'DateTime' }) }),
});

export const StringFilter = builder.inputType('StringFilter', {
  description: 'Every given member must hold.',
  fields: (t) => ({ eq: t.string(), in: t.stringList(), contains: t.string() }),
});

export const TagInput = builder.inputType('TagInput', {
  fields: (t) => ({ key: t.string({ required: true }), value: t.string({ required: true }) }),
});

/** The same data without nulls: our own types know only "given" and "not given". */
export type WithoutNull<T> = T extends Date | bigint
  ? T
  : T extends (infer Item)[]
    ? WithoutNull<Item>[]
    : T extends object
      ? { [K in keyof T]: WithoutNull<Exclude<T[K], null>> }
      : Exclude<T, null>;

/** Values of the scalar JSON among inputs: null means something there. */
const wholes = new WeakSet<object>();

export function keepWhole(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) wholes.add(value);
  return value;
}

/** Drops nulls, which a GraphQL client may send where it means "not given"; not those inside JSON. */
export function withoutNull<T>(value: T): WithoutNull<T> {
  if (typeof value === 'object' && value !== null && wholes.has(value)) return value as WithoutNull<T>;
  if (value === null || value === undefined) return undefined as WithoutNull<T>;
  if (Array.isArray(value)) return value.map(withoutNull) as WithoutNull<T>;
  if (typeof value !== 'object' || value instanceof Date) return value as WithoutNull<T>;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNull(member)])) as WithoutNull<T>;
}
