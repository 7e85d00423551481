import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../src/catalog/catalog.ts';
import { createListedPrices } from '../../src/catalog/listed-price.ts';
import { makePrice } from '../../src/catalog/make-price.ts';
import type { ProviderListing } from '../../src/catalog/model-index.ts';
import { packagedPriceList } from '../../src/catalog/price-list.ts';
import { ModelUnavailable } from '../../src/domain/errors.ts';

const AT = new Date('2026-11-23T12:00:00Z');

function provider(
  name: string,
  rest: Partial<Omit<ProviderListing, 'info'>> & Partial<ProviderListing['info']> = {},
) {
  const { kind = 'CLOUD', configured = true, needs, region, ...listing } = rest;
  return {
    info: { name, displayName: name, kind, configured, needs, region },
    openNames: false,
    declaredModels: [],
    ...listing,
  } satisfies ProviderListing;
}

const demo = provider('demo', {
  kind: 'DEMO',
  declaredModels: [
    {
      id: 'assistant',
      displayName: 'Demo assistant',
      capabilities: ['TEXT', 'TOOLS'],
      price: { input: '1', output: '2' },
    },
  ],
});
const openai = provider('openai', { catalogueId: 'openai' });
const anthropic = provider('anthropic', {
  catalogueId: 'anthropic',
  configured: false,
  needs: 'ANTHROPIC_API_KEY',
});
const ollama = provider('ollama', { kind: 'LOCAL', openNames: true, declaredModels: [{ id: 'qwen3:8b' }] });
const together = provider('togetherai', { catalogueId: 'together' });

const packaged = await packagedPriceList();
const listed = createListedPrices(packaged);
/** The packaged list, and what one organisation has set from a moment on. */
const prices = {
  list: () => packaged,
  findOwn: (organisationId: string, model: string, at: Date) =>
    organisationId === 'org_own' && model === own.model && at >= AT ? own : undefined,
  findListed: listed.find,
  findListedById: listed.findById,
};
const own = makePrice({
  organisationId: 'org_own',
  provider: 'openai',
  model: 'openai/gpt-4o',
  rates: [{ unit: 'REQUEST', fromTokens: 0, nanos: 1n }],
  source: 'organisation',
  effectiveFrom: AT,
});

function catalogOf(...listings: ProviderListing[]) {
  return createCatalog({ listProviders: () => listings, prices });
}

describe('the models that can be asked for', () => {
  it('are those of the configured providers, listed and declared, by name', () => {
    const names = catalogOf(openai, demo, anthropic, ollama)
      .listModels()
      .map((model) => model.name);
    expect(names).toEqual(expect.arrayContaining(['demo/assistant', 'ollama/qwen3:8b', 'openai/gpt-5.4']));
    expect(names.some((name) => name.startsWith('anthropic/'))).toBe(false);
    expect(names).toEqual([...new Set(names)].toSorted());
  });

  it('carry what the price list knows', () => {
    expect(catalogOf(openai).findModel('openai/gpt-5.4')).toEqual({
      name: 'openai/gpt-5.4',
      provider: 'openai',
      id: 'gpt-5.4',
      displayName: expect.any(String),
      capabilities: ['TEXT'],
      capabilitiesDeclared: false,
      contextWindow: 1_050_000,
      maxOutputTokens: undefined,
      deprecated: false,
      continues: false,
    });
  });

  it('are listed under names that the vendor takes, where the price list has only a family', () => {
    const names = catalogOf(
      provider('mistral', { catalogueId: 'mistral' }),
      provider('fireworks', { catalogueId: 'fireworks' }),
      openai,
    )
      .listModels()
      .map((model) => model.name);
    expect(names).toEqual(
      expect.arrayContaining(['mistral/codestral-latest', 'fireworks/accounts/fireworks/models/glm-5p1']),
    );
    expect(names).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/mistral\/codestral$|fireworks\/glm|ft:gpt.*-$/)]),
    );
  });

  it('leave out what the price list counts to a vendor, but its API does not sell', () => {
    const google = catalogOf(provider('google', { catalogueId: 'google' }));
    expect(google.listModels().filter((model) => model.id.includes('claude'))).toEqual([]);
    expect(google.findModel('google/claude-opus-4-5')).toBeUndefined();
  });

  it('say TEXT or EMBEDDINGS where that is certain, and nothing else', () => {
    const catalog = catalogOf(openai, ollama);
    const capabilities = (name: string) => catalog.findModel(name)?.capabilities;
    expect(capabilities('openai/gpt-4o')).toEqual(['TEXT']);
    expect(capabilities('openai/text-embedding-3-small')).toEqual(['EMBEDDINGS']);
    expect(capabilities('openai/whisper-1')).toEqual([]);
    expect(capabilities('openai/gpt-image-1')).toEqual([]);
    expect(capabilities('ollama/nomic-embed-text')).toEqual(['EMBEDDINGS']);
    expect(capabilities('ollama/qwen3:8b')).toEqual(['TEXT']);
  });

  it('are in the region of their provider, also those that are not listed', () => {
    const listings = [provider('openai', { catalogueId: 'openai', region: 'eu' }), ollama];
    const regions = ['openai/gpt-5.4', 'openai/gpt-4o-2024-08-06', 'ollama/qwen3:8b'].map(
      (name) => catalogOf(...listings).findModel(name)?.region,
    );
    expect(regions).toEqual(['eu', 'eu', undefined]);
  });

  it('are what the owner declares, over what the price list knows', () => {
    const declaredModels = [
      {
        id: 'gpt-4o',
        displayName: 'Ours',
        capabilities: ['TEXT' as const, 'VISION' as const],
        maxOutputTokens: 99,
      },
    ];
    const model = catalogOf(provider('openai', { catalogueId: 'openai', declaredModels })).findModel(
      'openai/gpt-4o',
    );
    expect(model).toMatchObject({
      displayName: 'Ours',
      capabilities: ['TEXT', 'VISION'],
      capabilitiesDeclared: true,
      maxOutputTokens: 99,
      contextWindow: 128_000,
    });
  });

  it('are listed anew when the providers change, and only then', () => {
    let listings = [demo];
    const catalog = createCatalog({ listProviders: () => listings, prices });
    const first = catalog.listModels();
    expect(catalog.listModels()).toBe(first);
    listings = [demo, openai];
    expect(catalog.listModels().length).toBeGreaterThan(first.length);
    listings = [demo];
    expect(catalog.findModel('openai/gpt-5.4-2026-03-05')).toBeUndefined();
  });
});

describe('a name', () => {
  const catalog = catalogOf(demo, openai, anthropic, ollama, together);

  it('finds a dated snapshot under its own id', () => {
    expect(catalog.findModel('openai/gpt-5.4-2026-03-05')).toMatchObject({
      id: 'gpt-5.4-2026-03-05',
      contextWindow: 1_050_000,
    });
  });

  it('may hold slashes after the provider', () => {
    expect(catalog.findModel('togetherai/meta-llama/Llama-3.3-70B-Instruct-Turbo')).toMatchObject({
      provider: 'togetherai',
      id: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
    });
  });

  it('may be any on a provider where the owner names the models', () => {
    expect(catalog.findModel('ollama/my-own:latest')).toMatchObject({
      id: 'my-own:latest',
      displayName: 'my-own:latest',
    });
    expect(catalog.findModel('ollama/my-own:latest')).toBe(catalog.findModel('ollama/my-own:latest'));
  });

  it.each([
    'ollama/../admin',
    'ollama/a b',
    'ollama/a?b=c',
    'ollama/a#b',
    'ollama/',
    'ollama/a\nb',
    'ollama//x',
    '',
    '/',
  ])('is refused when it could mean something else inside a URL: %j', (name) =>
    expect(catalog.findModel(name)).toBeUndefined(),
  );
});

describe('a model that cannot be called', () => {
  const catalog = catalogOf(demo, openai, anthropic);
  const refusal = (name: string) => {
    try {
      catalog.ensureModel(name);
    } catch (error) {
      expect(error).toBeInstanceOf(ModelUnavailable);
      return (error as ModelUnavailable).message;
    }
    throw new Error(`${name} was not refused`);
  };

  it('is answered with the nearest names', () => {
    expect(refusal('openai/gpt-5.4-mnii')).toMatch(
      /^provider "openai" has no model "openai\/gpt-5\.4-mnii"; nearest: "openai\/gpt-5\.4-mini"(, "[^"]+"){0,2}$/,
    );
    expect(refusal('demo/asistant')).toContain('nearest: "demo/assistant"');
  });

  it('is found under its provider when the provider was left out or misspelt', () => {
    expect(refusal('gpt-5.4')).toMatch(
      /^no route called "gpt-5\.4"; models are named "provider\/model"; nearest: "openai\/gpt-5\.4"/,
    );
    expect(refusal('opnai/gpt-5.4')).toMatch(
      /^no provider for "opnai\/gpt-5\.4"; nearest: "openai\/gpt-5\.4"/,
    );
  });

  it('names the query that lists models when nothing is near', () => {
    expect(refusal('zzzzzzzzzzzz')).toMatch(/the query "models" lists the \d+ there are$/);
  });

  it('names the variable to set when its provider is not configured', () => {
    expect(refusal('anthropic/claude-opus-4-5')).toBe(
      'provider "anthropic" of "anthropic/claude-opus-4-5" is not configured; set ANTHROPIC_API_KEY and start again',
    );
  });

  it('says so when it is no text model', () => {
    expect(refusal('openai/text-embedding-3-small')).toContain('is no text model (it offers EMBEDDINGS)');
    expect(refusal('openai/whisper-1')).toContain('is no text model (it is of another kind)');
  });

  it('is quoted by its beginning only, however long the name', () => {
    expect(refusal(`openai/${'x'.repeat(100_000)}`).length).toBeLessThan(250);
  });

  it('is no problem when it can', () => {
    expect(catalog.ensureModel('demo/assistant')).toBe(catalog.findModel('demo/assistant'));
  });
});

describe('the price of a model', () => {
  const declaredModels = [{ id: 'gpt-4o', price: { input: '1', output: '2' } }];
  const catalog = catalogOf(demo, provider('openai', { catalogueId: 'openai', declaredModels }), ollama);
  const priceOf = (name: string, organisationId = 'org_any', at = AT) =>
    catalog.priceFor(catalog.ensureModel(name), organisationId, at);
  const sourceOf = (...of: Parameters<typeof priceOf>) => priceOf(...of)?.source;

  it('is the declared one, else the listed one, else unknown', () => {
    expect(sourceOf('demo/assistant')).toBe('demo');
    expect(sourceOf('openai/gpt-4o')).toBe('config');
    expect(sourceOf('openai/gpt-5.4')).toMatch(/^genai-prices /);
    expect(sourceOf('ollama/qwen3:8b')).toBeUndefined();
  });

  it('is before all what the organisation has set, from the moment on that it said', () => {
    expect(sourceOf('openai/gpt-4o', 'org_own')).toBe('organisation');
    expect(sourceOf('openai/gpt-4o', 'org_own', new Date(AT.getTime() - 1))).toBe('config');
    expect(sourceOf('openai/gpt-5.4', 'org_own')).toMatch(/^genai-prices /);
  });

  it('is the same object for as long as it holds, and found by its id', () => {
    for (const name of ['demo/assistant', 'openai/gpt-4o', 'openai/gpt-5.4']) {
      const price = priceOf(name);
      expect(price?.id).toMatch(/^price_/);
      expect(priceOf(name)).toBe(price);
      expect(catalog.findGeneralPrice(price?.id ?? '')).toBe(price);
    }
    expect(catalog.findGeneralPrice('price_none')).toBeUndefined();
  });
});

describe('the providers', () => {
  it('are all known, also those that are not configured', () => {
    const catalog = catalogOf(demo, anthropic);
    expect(catalog.listProviders()).toEqual([demo.info, anthropic.info]);
    expect(catalog.findProvider('anthropic')).toEqual(anthropic.info);
    expect(catalog.findProvider('nobody')).toBeUndefined();
  });
});
