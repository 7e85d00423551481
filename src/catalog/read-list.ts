import { hash } from 'node:crypto';
import { z } from 'zod';
import { isTooDeep } from '../lib/json-depth.ts';
import type { ListedProvider } from './list-format.ts';
import type { LoadedList } from './price-lists.ts';

const PROVIDERS_MAX = 1_000;
const MODELS_MAX = 20_000;
/** USD for one unit; more is a slip of the decimal point. */
const USD_MAX = 1_000_000;
const FAULTS_TOLD = 3;

/**
 * A price list from its text, in the format of genai-prices.
 * @param source where it came from, without credentials.
 * @throws Error that names the first faults, when anything at all is wrong with it: half a list is none.
 */
export function readList(text: string, source: string): LoadedList {
  const providers = toProviders(parseJson(text));
  const models = providers.flatMap((provider) => provider.models);
  if (!models.some(({ prices }) => Object.keys(prices).length > 0)) throw new Error('it holds no prices');
  return { source, sha256: hash('sha256', JSON.stringify(providers)), providers };
}

/** @throws Error as `readList`. */
export function toProviders(document: unknown): ListedProvider[] {
  if (isTooDeep(document)) throw new Error('it is nested too deep');
  const read = documentSchema.safeParse(document);
  if (read.success) return read.data as ListedProvider[];
  const faults = read.error.issues.slice(0, FAULTS_TOLD);
  throw new Error(
    faults.map(({ path, message }) => `${path.map(String).join('.') || 'it'}: ${message}`).join('; '),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('it is no JSON');
  }
}

const name = z.string().min(1).max(300);
const usd = z.number().min(0).max(USD_MAX);

const regex = z.string().max(500).refine(isRegex, 'is no regular expression');
/** How the names of a model are told; see `MatchLogic` of genai-prices. */
const match: z.ZodType = z.lazy(() =>
  z.union([
    z.strictObject({ equals: z.string() }),
    z.strictObject({ starts_with: z.string() }),
    z.strictObject({ ends_with: z.string() }),
    z.strictObject({ contains: z.string() }),
    z.strictObject({ regex }),
    z.strictObject({ or: z.array(match).min(1) }),
    z.strictObject({ and: z.array(match).min(1) }),
  ]),
);

const tier = z.object({ start: z.int().min(0), price: usd });
const rates = z.record(z.string(), z.union([usd, z.object({ base: usd, tiers: z.array(tier).max(50) })]));

const date = z.iso.date();
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/);
/** The package takes exactly these members, with or without a type. */
const constraint = z.union([
  z.strictObject({ type: z.literal('start_date').optional(), start_date: date }),
  z.strictObject({ type: z.literal('time_of_date').optional(), start_time: time, end_time: time }),
]);
const dated = z.object({
  constraint: constraint.nullish().transform((value) => value ?? undefined),
  prices: rates,
});

const model = z.object({
  id: name,
  name: name.optional(),
  match,
  context_window: z.int().min(1).optional(),
  deprecated: z.boolean().optional(),
  prices: z.union([z.array(dated).min(1).max(100), rates]),
});

const providers = z
  .array(
    z.object({
      id: name,
      fallback_model_providers: z.array(name).max(100).optional(),
      models: z.array(model).max(MODELS_MAX).refine(areUnique, 'names a model twice'),
    }),
  )
  .min(1, 'is empty')
  .max(PROVIDERS_MAX)
  .refine(areUnique, 'names a provider twice');

/** Since its third version the providers stand beside the units. */
const documentSchema = z.preprocess(
  (value) => (typeof value === 'object' && value !== null && 'providers' in value ? value.providers : value),
  providers,
);

function areUnique(rows: { id: string }[]): boolean {
  return new Set(rows.map(({ id }) => id)).size === rows.length;
}

function isRegex(text: string): boolean {
  try {
    RegExp(text);
    return true;
  } catch {
    return false;
  }
}
