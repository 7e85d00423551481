import { redactSecrets } from '../lib/redact.ts';

/** What is written down of a change. Amounts stand in it as decimal text, and secrets never. */
export type Recorded = Record<string, unknown>;

/** Names of what must never be written down, not even hashed. */
const SECRET_NAME =
  /secret|password|passphrase|authori[sz]ation|credential|cookie|private[-_]?key|api[-_]?key|(access|refresh|id|bearer|session)[-_]?token|hash$/i;
/** The first and last characters of a key look like one, and are there to be seen. */
const SHOWN = 'hint';

/**
 * What may be kept of a change: texts that people wrote lose what looks like a secret.
 * @throws Error for a member whose name says that it is a secret: whoever records a change leaves it out.
 */
export function withoutSecrets(value: Recorded): Recorded {
  return clean(value, []) as Recorded;
}

function clean(value: unknown, path: readonly string[]): unknown {
  if (typeof value === 'string') return path.at(-1) === SHOWN ? value : redactSecrets(value);
  if (Array.isArray(value)) return value.map((each) => clean(each, path));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (SECRET_NAME.test(name)) throw new Error(`the audit takes no ${[...path, name].join('.')}`);
      return [name, clean(member, [...path, name])];
    }),
  );
}
