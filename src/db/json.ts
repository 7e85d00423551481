/** What PostgreSQL's jsonb cannot hold, as JSON.stringify writes it: NUL and lone surrogates. */
const UNSTORABLE = /\\u(0000|d[89a-f])/;

/** A value as the text of a jsonb parameter. Characters that jsonb cannot hold become U+FFFD, as elsewhere on the web. */
export function toJsonParameter(value: unknown): string {
  const text = JSON.stringify(value);
  if (!UNSTORABLE.test(text)) return text;
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'string' ? member.replaceAll('\0', '\uFFFD').toWellFormed() : member,
  );
}
