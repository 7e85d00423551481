import { z } from 'zod';
import { CAPABILITIES } from '../domain/model.ts';
import { parseUsd } from '../lib/money.ts';
import type { ProviderConfig } from './config.ts';
import { secretReference, referringTexts } from './references.ts';
import { choice, mapOf, quote, wholeNumber } from './rules.ts';

/** The longest that a timer of Node can wait. */
const MAX_MS = 2 ** 31 - 1;
const MAX_LIMIT = 1_000_000_000;

const limit = (standard: number) => wholeNumber(1, MAX_LIMIT).default(standard);
const durationMs = (standard: number) => wholeNumber(1, MAX_MS).default(standard);

/** `sluice.config.yaml`, with the defaults of everything that it does not say. */
export function fileSchema(lookup: Readonly<Record<string, string>>) {
  return mapOf({
    server: mapOf({
      port: wholeNumber(0, 65_535).default(4000),
      host: z.string().min(1, 'is empty').default('127.0.0.1'),
      corsOrigins: z.array(origin).default([]),
    }).prefault({}),
    data: mapOf({ dir: z.string().min(1, 'is empty').default('./data') }).prefault({}),
    limits: limits.prefault({}),
    timeouts: timeouts.prefault({}),
    providers: z
      .record(providerName, provider(lookup))
      .transform((byName) =>
        Object.entries(byName).map(([name, rest]): ProviderConfig => ({
          ...rest,
          name,
          type: rest.type ?? name,
        })),
      )
      .prefault({}),
    detectProviders: z.boolean().default(true),
  });
}

const limits = mapOf({
  bodyBytes: limit(12_000_000),
  operationDepth: limit(12),
  operationAliases: limit(30),
  operationTokens: limit(4_000),
  operationDirectives: limit(30),
  operationCost: limit(25_000),
  operationsPerSocket: limit(100),
});

const timeouts = mapOf({
  firstChunkMs: durationMs(60_000),
  idleMs: durationMs(60_000),
  totalMs: durationMs(600_000),
  holdMs: durationMs(30_000),
  abandonMs: durationMs(10_000),
  stalledReaderMs: durationMs(15_000),
  drainMs: durationMs(20_000),
});

const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  error: (issue) => `is ${quote(issue.input)}; it must be an origin such as "https://app.example.com"`,
});

const providerName = z.string().regex(/^[a-z0-9-]+$/, 'is no provider name; use a-z, 0-9 and "-"');

/** Its value may hold a password where it is wrong, so no message shows it. */
const httpUrl = z.string().superRefine((text, ctx) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    ctx.addIssue('must be a URL that begins with http:// or https://');
  } else if (url.username !== '' || url.password !== '') {
    ctx.addIssue('holds a user or a password; write them into headers, by reference');
  }
});

const PRICE_FORM = 'USD per million tokens, 0 or more, such as "2.5", with at most 9 decimals';
const usdPerMtok = z
  .union([z.string(), z.number()], { error: `must be ${PRICE_FORM}` })
  .transform((amount, ctx) => {
    const text = String(amount);
    if (isPrice(text)) return text;
    ctx.addIssue(`is ${quote(amount)}; it must be ${PRICE_FORM}`);
    return z.NEVER;
  });

const model = mapOf({
  id: z.string().min(1, 'is empty'),
  displayName: z.string().min(1, 'is empty').optional(),
  capabilities: z.array(choice(CAPABILITIES)).optional(),
  contextWindow: wholeNumber(1, MAX_LIMIT).optional(),
  maxOutputTokens: wholeNumber(1, MAX_LIMIT).optional(),
  price: mapOf({
    input: usdPerMtok,
    output: usdPerMtok,
    cacheRead: usdPerMtok.optional(),
    cacheWrite: usdPerMtok.optional(),
  }).optional(),
});

const models = z
  .array(z.preprocess((entry) => (typeof entry === 'string' ? { id: entry } : entry), model))
  .superRefine((list, ctx) => {
    const ids = list.map(({ id }) => id);
    const repeated = ids.findIndex((id, index) => ids.indexOf(id) < index);
    if (repeated >= 0)
      ctx.addIssue({
        code: 'custom',
        path: [repeated],
        message: `repeats the model ${quote(ids[repeated])}`,
      });
  });

function provider(lookup: Readonly<Record<string, string>>) {
  return mapOf({
    type: providerName.optional(),
    apiKey: secretReference(lookup).optional(),
    baseURL: httpUrl.optional(),
    headers: referringTexts(lookup).default({}),
    settings: referringTexts(lookup).default({}),
    models: models.default([]),
  });
}

function isPrice(text: string): boolean {
  try {
    return parseUsd(text) >= 0n;
  } catch {
    return false;
  }
}
