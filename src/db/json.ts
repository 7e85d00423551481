/** What PostgreSQL's jsonb cannot hold, as JSON.stringify writes it: NUL and lone surrogates. */
const UNSTORABLE = /\\u(0000|d[89a-f])/;
/** One escape after the other, so that the second half of an escaped backslash is not taken for the first of another. */
const ESCAPES = /\\(u[0-9a-f]{4}|.)/g;

/** A value as the text of a jsonb parameter. Characters that jsonb cannot hold become U+FFFD, as elsewhere on the web. */
export function toJsonParameter(value: unknown): string {
  const text = JSON.stringify(value);
  if (!UNSTORABLE.test(text)) return text;
  return text.replaceAll(ESCAPES, (escape) => (UNSTORABLE.test(escape) ? '\uFFFD' : escape));
}
