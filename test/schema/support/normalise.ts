/** What differs from run to run, by the name of its field. */
const CHANGING: Record<string, RegExp> = {
  '<time>': /(At|^at|^asOf|^start)$/,
  '<ms>': /Ms$/,
  '<cursor>': /cursor$/i,
  '<trace id>': /^traceId$/,
  '<secret>': /^secret$/,
  '<hint>': /^hint$/,
  '<email>': /^email$/,
  '<subject>': /^subject$/,
  '<request id>': /^requestId$/,
  '<hash>': /^(previousHash|hash)$/,
  '<place>': /^seq$/,
};

/** An answer in which all that differs from run to run has a name instead; the same id always gets the same name. */
export function normalise(answer: unknown): unknown {
  const ids = new Map<string, string>();
  const nameOf = (id: string, prefix: string) => {
    const before = [...ids.keys()].filter((each) => each.startsWith(`${prefix}_`)).length;
    if (!ids.has(id)) ids.set(id, `<${prefix} ${before + 1}>`);
    return ids.get(id);
  };
  const replace = (key: string, value: unknown) => {
    // Written now and then, so it may or may not be there yet.
    if (key === 'lastUsedAt') return '<time or null>';
    if (typeof value !== 'string' && typeof value !== 'number') return value;
    const [name] = Object.entries(CHANGING).find(([, field]) => field.test(key)) ?? [];
    if (name) return name;
    const [id, prefix] =
      /^(cmpl|areq|grant|key|ent|bdg|lim|aud|alert|anom|op|prm|prmv|route|team|user)_(?!default$)\w+$/.exec(
        String(value),
      ) ?? [];
    return id && prefix ? nameOf(id, prefix) : value;
  };
  return JSON.parse(JSON.stringify(answer, replace));
}
