import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useConfigDirectory } from './config-directory.ts';

const { load, pathOf, problemsOf } = useConfigDirectory();

describe('the config file', () => {
  const variables = { OPENAI_KEY: ' sk-real \n', ORG: 'acme', TOKEN: 'tok' };

  it('declares providers, with secrets by reference', () => {
    const { providers } = load(
      variables,
      `
providers:
  openai:
    apiKey: \${OPENAI_KEY}
  my-vllm:
    type: openai-compatible
    baseURL: http://gpu:8000/v1
    headers: { X-Org: "org-\${ORG}", Authorization: "Bearer \${TOKEN}" }
    settings: { region: eu }
    models:
      - llama
      - id: big
        displayName: Big
        capabilities: [TEXT, TOOLS]
        contextWindow: 128000
        maxOutputTokens: 4096
        price: { input: "2.5", output: 10, cacheRead: 0.25 }
`,
    );
    expect(providers).toEqual([
      { name: 'openai', type: 'openai', apiKey: 'sk-real', headers: {}, settings: {}, models: [] },
      {
        name: 'my-vllm',
        type: 'openai-compatible',
        baseURL: 'http://gpu:8000/v1',
        headers: { 'X-Org': 'org-acme', Authorization: 'Bearer tok' },
        settings: { region: 'eu' },
        models: [
          { id: 'llama' },
          {
            id: 'big',
            displayName: 'Big',
            capabilities: ['TEXT', 'TOOLS'],
            contextWindow: 128_000,
            maxOutputTokens: 4_096,
            price: { input: '2.5', output: '10', cacheRead: '0.25' },
          },
        ],
      },
    ]);
  });

  it('takes a pool of keys and a region of a provider', () => {
    const yaml = (rest: string) => `providers: { house: { type: openai-compatible, ${rest} } }`;
    expect(load(variables, yaml("apiKeys: ['${OPENAI_KEY}', '${TOKEN}'], region: eu-west"))).toMatchObject({
      providers: [{ name: 'house', apiKeys: ['sk-real', 'tok'], region: 'eu-west' }],
    });
    expect(problemsOf(variables, yaml("apiKeys: [sk-plain], region: 'EU!'"))).toEqual([
      expect.stringContaining('providers.house.apiKeys.0 must be a reference such as "${OPENAI_API_KEY}"'),
      expect.stringContaining('providers.house.region is no region name; use a-z, 0-9 and "-"'),
    ]);
    expect(problemsOf(variables, yaml('apiKeys: []'))).toEqual([
      expect.stringContaining('providers.house.apiKeys is empty'),
    ]);
  });

  it('changes single limits and timeouts, and leaves the others', () => {
    const config = load({}, 'limits: { operationDepth: 5 }\ntimeouts: { idleMs: 1 }\n');
    expect(config.limits).toEqual({ ...load({}, '').limits, operationDepth: 5 });
    expect(config.timeouts).toEqual({ ...load({}, '').timeouts, idleMs: 1 });
  });

  it('may have another name, which then has to exist', () => {
    writeFileSync(pathOf('other.yaml'), 'server: { port: 5 }');
    expect(load({ SLUICE_CONFIG: 'other.yaml' }).port).toBe(5);
    expect(problemsOf({ SLUICE_CONFIG: 'nope.yaml' })).toEqual([
      `SLUICE_CONFIG names a file that does not exist: ${pathOf('nope.yaml')}`,
    ]);
    expect(problemsOf({ SLUICE_CONFIG: './' })).toEqual([
      `SLUICE_CONFIG cannot be read (EISDIR): ${pathOf('')}`,
    ]);
  });

  it.each([
    ['server: { prot: 1 }', 'server.prot is not known; known here: port, host, corsOrigins'],
    ['nonsense: 1', 'sluice.config.yaml:1 nonsense is not known; known here: server, identity, data, '],
    ['server: { port: -1 }', 'server.port is -1; it must be a whole number from 0 to 65535'],
    [
      'server: { corsOrigins: ["*"] }',
      'server.corsOrigins.0 is "*"; it must be an origin such as "https://app.example.com"',
    ],
    [
      'limits: { each: { key: { requestsPerMinute: 0 } } }',
      'limits.each.key.requestsPerMinute is 0; it must be a whole number from 1 to 1000000000000',
    ],
    [
      'limits: { each: { ip: { operationCostPerMinute: 999 } } }',
      'limits.each.ip.operationCostPerMinute is 999; it must be a whole number from 1000 to 1000000000000',
    ],
    [
      'limits: { each: { model: { operationCostPerMinute: 5000 } } }',
      'limits.each.model.operationCostPerMinute is not known; known here: requestsPerMinute, tokensPerMinute, concurrent',
    ],
    ['limits: { bodyBytes: 0 }', 'limits.bodyBytes is 0; it must be a whole number from 1 to 1000000000'],
    [
      'timeouts: { idleMs: 3000000000 }',
      'timeouts.idleMs is 3000000000; it must be a whole number from 1 to 2147483647',
    ],
    ['timeouts: 5', 'timeouts must be a map'],
    ['detectProviders: maybe', 'detectProviders must be true or false'],
    ['providers: { My_GPU: {} }', 'providers.My_GPU is no provider name; use a-z, 0-9 and "-"'],
    [
      'providers: { a: { baseURL: "ftp://x" } }',
      'providers.a.baseURL must be a URL that begins with http:// or https://',
    ],
    ['providers: { a: { models: [{}] } }', 'providers.a.models.0.id is missing'],
    ['providers: { a: { models: [x, y, x] } }', 'providers.a.models.2 repeats the model "x"'],
    [
      'providers: { a: { models: [{ id: x, price: { input: "0.0000000001", output: "1" } }] } }',
      'price.input is "0.0000000001"; it must be USD, 0 or more, such as "2.5", with at most 9 decimals',
    ],
    [
      'providers: { a: { models: [{ id: x, price: { input: -1, output: "1" } }] } }',
      'price.input is -1; it must be USD',
    ],
    ['providers: { a: { models: [{ id: x, price: { input: 1 } }] } }', 'models.0.price.output is missing'],
    [
      'providers: { a: { models: [{ id: x, price: { request: 1, tiers: [{ fromInputTokens: 5, input: 1 }] } }] } }',
      'tiers.0.input needs a price for input below it, outside of the tiers',
    ],
    [
      'providers: { a: { models: [{ id: x, price: { request: 1, tiers: [{ fromInputTokens: 5 }] } }] } }',
      'price.tiers.0 holds no price',
    ],
    [
      'providers: { a: { models: [{ id: x, price: { input: 1, output: 1, tiers: [{ fromInputTokens: 5, input: 1 }, { fromInputTokens: 5, input: 2 }] } }] } }',
      'tiers.1.fromInputTokens repeats 5',
    ],
    [
      'prices: { source: "http://example.com/list.json" }',
      'prices.source must be a file or a URL that begins',
    ],
    ['prices: { source: "" }', 'prices.source is empty'],
    ['prices: { refreshHours: 0 }', 'prices.refreshHours is 0; it must be a whole number from 1 to 8760'],
    ['just text', 'sluice.config.yaml must be a map'],
    ['a: [', 'sluice.config.yaml:1 Flow sequence'],
    ['server: *nowhere', 'sluice.config.yaml Unresolved alias'],
  ])('is checked: %s', (yaml, problem) => {
    expect(problemsOf({}, yaml)).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    [
      'a key',
      'apiKey: hunter2',
      'apiKey must be a reference such as "${OPENAI_API_KEY}"; keys do not belong into the file',
    ],
    ['a key with a reference inside', 'apiKey: "hunter2${ORG}"', 'apiKey must be a reference'],
    ['a key that is a number', 'apiKey: 70022070', 'apiKey must be text'],
    [
      'a header',
      'headers: { Authorization: Bearer hunter2 }',
      'headers.Authorization holds a secret; write it as a reference such as "${MY_TOKEN}"',
    ],
    ['a setting', 'settings: { secretAccessKey: hunter2 }', 'settings.secretAccessKey holds a secret'],
    ['a URL', 'baseURL: "https://me:hunter2@host"', 'baseURL holds a user or a password'],
    ['a URL that is none', 'baseURL: "me:hunter2@host"', 'baseURL must be a URL'],
    ['a broken line', 'apiKey: "hunter2', 'Missing closing'],
  ])('never holds a literal secret, and no message shows one: %s', (_, setting, problem) => {
    const problems = problemsOf(variables, `providers:\n  openai:\n    ${setting}\n`);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join()).not.toMatch(/hunter2|70022070/);
  });

  it('takes a price list from a file beside it, or from a URL whose password is a reference', () => {
    const sourceOf = (source: string) => load({ TOKEN: 'hunter2' }, `prices: { source: "${source}" }`).prices;
    expect(sourceOf('lists/prices.json')).toEqual({ source: pathOf('lists/prices.json'), refreshHours: 24 });
    expect(sourceOf('https://me:${TOKEN}@host/list.json').source).toBe('https://me:hunter2@host/list.json');
    expect(load({}, '').prices.source).toBeUndefined();
    const problems = problemsOf(
      { TOKEN: 'hunter2' },
      'prices: { source: "https://me:hunter2@host/list.json" }',
    );
    expect(problems).toEqual([expect.stringContaining('prices.source holds a user or a password')]);
    expect(
      problemsOf({ TOKEN: 'hunter2' }, 'prices: { source: "http://${TOKEN}@host" }').join(),
    ).not.toContain('hunter2');
  });

  it('refers to variables that are set, by names that are whole', () => {
    const yaml =
      'providers:\n  a:\n    apiKey: ${NOWHERE}\n    headers: { X-A: "${constructor}", X-B: "a ${" }\n';
    expect(problemsOf({}, yaml)).toEqual([
      'sluice.config.yaml:3 providers.a.apiKey refers to the variable NOWHERE, which is not set',
      'sluice.config.yaml:4 providers.a.headers.X-A refers to the variable constructor, which is not set',
      'sluice.config.yaml:4 providers.a.headers.X-B holds "${" without a name and "}"; a reference is "${NAME}"',
    ]);
  });
});
