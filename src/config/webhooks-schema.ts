import { z } from 'zod';
import { ALERT_KINDS } from '../domain/alert.ts';
import { secretReference } from './references.ts';
import { choice, httpUrl, mapOf, quote } from './rules.ts';

const PREFIX = 'whsec_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
const KEY_BYTES = { least: 24, most: 64 };

/** Who is told of alerts. */
export function webhooks(lookup: Readonly<Record<string, string>>) {
  return z.array(webhook(lookup)).superRefine((list, ctx) => {
    const names = list.map(({ name }) => name);
    const repeated = names.findIndex((name, index) => names.indexOf(name) < index);
    if (repeated < 0) return;
    const message = `repeats the name ${quote(names[repeated])}`;
    ctx.addIssue({ code: 'custom', path: [repeated, 'name'], message });
  });
}

function webhook(lookup: Readonly<Record<string, string>>) {
  return mapOf({
    name: z.string().regex(/^[a-z0-9-]{1,64}$/, 'is no name of a webhook; use a-z, 0-9 and "-"'),
    url: httpUrl,
    secret: secretReference(lookup).superRefine((secret, ctx) => {
      if (isSigningSecret(secret)) return;
      ctx.addIssue(
        `is no signing secret: it is "${PREFIX}" and ${KEY_BYTES.least} to ${KEY_BYTES.most} random bytes in base64, such as "${PREFIX}$(openssl rand -base64 32)"`,
      );
    }),
    events: z
      .array(choice(ALERT_KINDS))
      .min(1, 'is empty')
      .default([...ALERT_KINDS]),
  });
}

/** A reference to a variable that is not set is told for itself. */
function isSigningSecret(secret: string): boolean {
  if (secret === '') return true;
  const encoded = secret.slice(PREFIX.length);
  if (!secret.startsWith(PREFIX) || !BASE64.test(encoded)) return false;
  const { length } = Buffer.from(encoded, 'base64');
  return length >= KEY_BYTES.least && length <= KEY_BYTES.most;
}
