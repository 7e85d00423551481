import { z } from 'zod';
import { isNetwork } from '../lib/safe-address.ts';
import { CAPABILITIES } from '../domain/model.ts';
import { anomalies } from './anomalies-schema.ts';
import { CONTINUATION_WAYS, type ProviderConfig } from './config.ts';
import { eachLimits } from './each-limits-schema.ts';
import { flags } from './flags-schema.ts';
import { identity } from './identity-schema.ts';
import { models as modelNames } from './models-schema.ts';
import { price, priceSource } from './price-schema.ts';
import { secretReference, referringTexts } from './references.ts';
import { choice, httpUrl, mapOf, quote, wholeNumber } from './rules.ts';
import { server } from './server-schema.ts';
import { webhooks } from './webhooks-schema.ts';

/** The longest that a timer of Node can wait. */
const MAX_MS = 2 ** 31 - 1;
const MAX_LIMIT = 1_000_000_000;

const limit = (standard: number) => wholeNumber(1, MAX_LIMIT).default(standard);
const durationMs = (standard: number) => wholeNumber(1, MAX_MS).default(standard);

/** `sluice.config.yaml`, with the defaults of everything that it does not say. */
export function fileSchema(lookup: Readonly<Record<string, string>>) {
  return mapOf({
    server: server.prefault({}),
    identity: identity.prefault({}),
    data: mapOf({ dir: z.string().min(1, 'is empty').default('./data') }).prefault({}),
    limits: limits.prefault({}),
    shedding: shedding.prefault({}),
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
    webhooks: webhooks(lookup).default([]),
    anomalies: anomalies.prefault({}),
    flags: flags(lookup).prefault({}),
    models: modelNames.prefault({}),
    detectProviders: z.boolean().default(true),
    operations: mapOf({
      mode: choice(['open', 'trusted']).default('open'),
      files: z.array(z.string().min(1, 'is empty')).max(100).default([]),
    }).prefault({}),
    introspection: choice(['public', 'keys', 'none']).optional(),
    network: mapOf({ allowPrivate: z.array(network).default([]) }).prefault({}),
    prices: mapOf({
      source: priceSource(lookup).optional(),
      refreshHours: wholeNumber(1, 8_760).default(24),
    }).prefault({}),
  });
}

const limits = mapOf({
  bodyBytes: limit(12_000_000),
  operationDepth: limit(12),
  operationAliases: limit(30),
  operationTokens: limit(4_000),
  operationDirectives: limit(30),
  operationRootFields: limit(50),
  operationCost: limit(25_000),
  variableDepth: limit(256),
  variableValues: limit(200_000),
  operationsPerSocket: limit(100),
  messagesPerSecond: limit(100),
  socketsPerAddress: limit(1_000),
  socketsPerKey: limit(1_000),
  subscriptionsPerKey: limit(10_000),
  failedCredentialsPerMinute: limit(60),
  each: eachLimits.prefault({}),
  upstreamCalls: limit(256),
  queue: mapOf({ length: wholeNumber(0, 100_000).default(1_000), waitMs: durationMs(30_000) }).prefault({}),
});

const shedding = mapOf({
  loopDelayMs: durationMs(1_000),
  memoryPercent: wholeNumber(1, 100).default(95),
  databaseMs: durationMs(10_000),
});

const timeouts = mapOf({
  firstChunkMs: durationMs(60_000),
  idleMs: durationMs(60_000),
  totalMs: durationMs(600_000),
  holdMs: durationMs(30_000),
  abandonMs: durationMs(10_000),
  stalledReaderMs: durationMs(15_000),
  headersMs: durationMs(10_000),
  requestMs: durationMs(60_000),
  operationMs: durationMs(630_000),
  socketInitMs: durationMs(3_000),
  idleSocketMs: durationMs(600_000),
  drainMs: durationMs(20_000),
  sharedLimitsMs: durationMs(40),
});

const network = z.string().refine(isNetwork, {
  error: (issue) => `is ${quote(issue.input)}; it must be a network such as "10.1.0.0/16" or "fd00::/8"`,
});

const providerName = z.string().regex(/^[a-z0-9-]+$/, 'is no provider name; use a-z, 0-9 and "-"');
const regionName = z.string().regex(/^[a-z0-9-]+$/, 'is no region name; use a-z, 0-9 and "-"');

const model = mapOf({
  id: z.string().min(1, 'is empty'),
  displayName: z.string().min(1, 'is empty').optional(),
  capabilities: z.array(choice(CAPABILITIES)).optional(),
  contextWindow: wholeNumber(1, MAX_LIMIT).optional(),
  maxOutputTokens: wholeNumber(1, MAX_LIMIT).optional(),
  continues: z.boolean().optional(),
  price: price.optional(),
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
    apiKeys: z.array(secretReference(lookup)).min(1, 'is empty').max(100).optional(),
    region: regionName.optional(),
    baseURL: httpUrl.optional(),
    continuation: choice(CONTINUATION_WAYS).optional(),
    headers: referringTexts(lookup).default({}),
    settings: referringTexts(lookup).default({}),
    models: models.default([]),
  });
}
