import { z } from 'zod';

type Lookup = Readonly<Record<string, string>>;

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const ONE_REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const SECRET_NAME = /authorization|api[-_]?key|access[-_]?key|secret|token|password|cookie/i;

/** A secret: exactly one `${NAME}`, so that none is ever written into the file. */
export function secretReference(lookup: Lookup) {
  return z.string().transform((text, ctx) => {
    if (ONE_REFERENCE.test(text)) return resolve(text, lookup, (message) => ctx.addIssue(message));
    ctx.addIssue('must be a reference such as "${OPENAI_API_KEY}"; keys do not belong into the file');
    return z.NEVER;
  });
}

/** A text in which `${NAME}` stands for a variable. */
export function referringText(lookup: Lookup) {
  return z.string().transform((text, ctx) => resolve(text, lookup, (message) => ctx.addIssue(message)));
}

/** A map of texts in which `${NAME}` stands for a variable; what is named like a secret has to hold one. */
export function referringTexts(lookup: Lookup) {
  return z.record(z.string(), z.string()).transform((texts, ctx) => {
    const resolved = Object.entries(texts).map(([key, text]) => {
      const report = (message: string) => ctx.addIssue({ code: 'custom', path: [key], message });
      if (SECRET_NAME.test(key) && text.search(REFERENCE) < 0) {
        report('holds a secret; write it as a reference such as "${MY_TOKEN}"');
      }
      return [key, resolve(text, lookup, report)] as const;
    });
    return Object.fromEntries(resolved);
  });
}

function resolve(text: string, lookup: Lookup, report: (message: string) => void): string {
  if (text.replace(REFERENCE, '').includes('${'))
    report('holds "${" without a name and "}"; a reference is "${NAME}"');
  return text.replace(REFERENCE, (_, name: string) => {
    if (Object.hasOwn(lookup, name)) return lookup[name]?.trim() ?? '';
    report(`refers to the variable ${name}, which is not set`);
    return '';
  });
}
