import { z } from 'zod';
import { isSafeUrl } from '../lib/safe-url.ts';
import { choice, mapOf, quote, wholeNumber } from './rules.ts';

/**
 * Signatures that an issuer makes with a key of its own. With a shared secret (`HS…`) whoever knows the issuer's public
 * key could sign, and `none` is no signature.
 */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
const LEEWAY_SECONDS_MAX = 60;
const ISSUERS_MAX = 100;
const CERTIFICATES_MAX = 1_000;

const text = z.string().min(1, 'is empty').max(256, 'is longer than 256 characters');

/** Its value may hold a password where it is wrong, so no message shows it. */
const issuerUrl = z.string().superRefine((url, ctx) => {
  if (!isSafeUrl(url)) ctx.addIssue('must be a URL that begins with https://; http:// only on this machine');
  else if (new URL(url).username + new URL(url).password !== '')
    ctx.addIssue('holds a user or a password, and keys are read without');
});

/** Where a claim stands and what it means here. */
const mapping = mapOf({
  claim: text.optional(),
  map: z.record(z.string(), text).optional(),
  default: text.optional(),
}).superRefine(({ claim, map, default: standard }, ctx) => {
  if (claim === undefined && map !== undefined) ctx.addIssue('has a "map" and no "claim" to look up in it');
  else if (claim === undefined && standard === undefined)
    ctx.addIssue('says neither a "claim" nor a "default"');
});

const issuer = mapOf({
  issuer: issuerUrl,
  audience: z
    .union([text, z.array(text).min(1, 'is empty')], {
      error: ({ input }) => (input === undefined ? 'is missing' : 'must be text or a list of texts'),
    })
    .transform((audience) => [audience].flat()),
  jwksUri: issuerUrl.optional(),
  algorithms: z.array(choice(ALGORITHMS)).min(1, 'is empty').default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  leewaySeconds: wholeNumber(0, LEEWAY_SECONDS_MAX).default(30),
  claims: mapOf({
    organisation: mapping.default({ default: 'org_default' }),
    team: mapping.optional(),
    role: mapping.optional(),
    endUser: mapping.optional(),
    name: mapping.default({ claim: 'name' }),
    email: mapping.default({ claim: 'email' }),
  }).prefault({}),
});

const SUBJECT_FORM = 'attributes such as "CN=web-1" or "CN=web-*,OU=Payments"';
const SAN_FORM = 'a name such as "spiffe://example.org/web" or "*.web.example.com"';

const certificate = mapOf({
  subject: text
    .refine((subject) => /^[A-Za-z][\w.-]*=[^,]+(,[A-Za-z][\w.-]*=[^,]+)*$/.test(subject), {
      error: (issue) => `is ${quote(issue.input)}; it must be ${SUBJECT_FORM}`,
    })
    .optional(),
  san: text
    .refine((san) => /^[^\s,"]*[^\s,"*./]{2}[^\s,"]*$/.test(san), {
      error: (issue) => `is ${quote(issue.input)}; it must be ${SAN_FORM}`,
    })
    .optional(),
  organisation: text.default('org_default'),
  team: text,
  role: text,
  endUser: text.optional(),
}).superRefine(({ subject, san }, ctx) => {
  if ((subject === undefined) === (san === undefined)) ctx.addIssue('must say either a "subject" or a "san"');
});

/** Who may prove who they are by something other than an API key. */
export const identity = mapOf({
  issuers: z
    .array(issuer)
    .max(ISSUERS_MAX, `has more than ${ISSUERS_MAX} entries`)
    .default([])
    .superRefine((list, ctx) => {
      const urls = list.map(({ issuer: url }) => url);
      const repeated = urls.findIndex((url, index) => urls.indexOf(url) < index);
      if (repeated < 0) return;
      const message = `repeats the issuer ${quote(urls[repeated])}`;
      ctx.addIssue({ code: 'custom', path: [repeated, 'issuer'], message });
    }),
  certificates: z
    .array(certificate)
    .max(CERTIFICATES_MAX, `has more than ${CERTIFICATES_MAX} entries`)
    .default([]),
});
