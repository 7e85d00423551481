import { describe, expect, test } from 'vitest';
import type { ProviderConfig } from '../../src/config/config.ts';
import { detectFromEnvironment } from '../../src/providers/detect.ts';
import { createProviders, type ProvidersOptions } from '../../src/providers/providers.ts';
import { PROVIDER_TABLE } from '../../src/providers/table.ts';
import { askFor, collect, never } from './support/collect.ts';
import { sendEvents, startUpstream } from './support/upstream.ts';

function config(more: Partial<ProviderConfig> & { name: string }): ProviderConfig {
  return { type: more.name, headers: {}, settings: {}, models: [], ...more };
}

/** Runs with providers that are closed again. */
async function withProviders<T>(
  options: Partial<ProvidersOptions>,
  use: (providers: ReturnType<typeof createProviders>) => T | Promise<T>,
): Promise<T> {
  const providers = createProviders({ configs: [], probeLocal: false, ...options });
  try {
    return await use(providers);
  } finally {
    await providers.close();
  }
}

/** A server that lists models as OpenAI does. */
const listing = (...ids: string[]) =>
  startUpstream((request, response) => {
    if (request.url !== '/v1/models') return void response.writeHead(404).end();
    const data = ids.map((id) => ({ id, object: 'model', created: 1, owned_by: 'library' }));
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ object: 'list', data }));
  });

describe('detection in the environment', () => {
  test('finds every vendor by its usual variables', () => {
    const environment = Object.fromEntries(
      PROVIDER_TABLE.flatMap((row) => Object.values(row.signIn[0] ?? {})).map((variable) => [
        variable,
        `of ${variable}`,
      ]),
    );
    const found = detectFromEnvironment(environment).map(({ name }) => name);
    expect(found).toEqual(PROVIDER_TABLE.filter((row) => row.signIn.length > 0).map((row) => row.type));
  });

  test('finds nothing in an empty environment, nor in empty variables', () => {
    expect(detectFromEnvironment({})).toEqual([]);
    expect(detectFromEnvironment({ OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '  ' })).toEqual([]);
  });

  test('takes an alternative variable, and what may be set besides', () => {
    expect(
      detectFromEnvironment({ GEMINI_API_KEY: 'g', OPENAI_API_KEY: 'o', OPENAI_BASE_URL: 'http://o/v1' }),
    ).toEqual([
      config({ name: 'openai', apiKey: 'o', baseURL: 'http://o/v1' }),
      config({ name: 'google', apiKey: 'g' }),
    ]);
  });

  test('needs all parts of a sign-in', () => {
    const half = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect(detectFromEnvironment(half)).toEqual([]);
    expect(detectFromEnvironment({ ...half, AWS_REGION: 'eu-west-1', AWS_SESSION_TOKEN: 'token' })).toEqual([
      config({
        name: 'amazon-bedrock',
        settings: {
          accessKeyId: 'id',
          secretAccessKey: 'secret',
          region: 'eu-west-1',
          sessionToken: 'token',
        },
      }),
    ]);
    expect(detectFromEnvironment({ AZURE_API_KEY: 'key' })).toEqual([]);
    expect(detectFromEnvironment({ AZURE_API_KEY: 'key', AZURE_RESOURCE_NAME: 'mine' })).toEqual([
      config({ name: 'azure', apiKey: 'key', settings: { resourceName: 'mine' } }),
    ]);
  });
});

describe('the providers', () => {
  test('are the configured ones, the demo, and all others with what they need', () =>
    withProviders({ configs: [config({ name: 'mistral', apiKey: 'key' })] }, (providers) => {
      const infos = providers.list().map(({ info }) => info);
      expect(infos.slice(0, 2).map(({ name, configured }) => [name, configured])).toEqual([
        ['mistral', true],
        ['demo', true],
      ]);
      const needs = Object.fromEntries(infos.slice(2).map((info) => [info.name, info.needs]));
      expect(needs).toMatchObject({
        openai: 'OPENAI_API_KEY',
        azure: 'AZURE_API_KEY and AZURE_RESOURCE_NAME',
        'amazon-bedrock': 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and AWS_REGION',
      });
      expect(infos.slice(2).every(({ configured }) => !configured)).toBe(true);
      expect(new Set(infos.map(({ name }) => name)).size).toBe(infos.length);
    }));

  test('without a key name the variable to set', () =>
    withProviders({}, async (providers) => {
      const openai = providers.find('openai');
      expect(openai?.info.configured).toBe(false);
      const { error } = await collect(openai!.stream('gpt-5', askFor('hello'), never()));
      expect(error).toMatchObject({
        code: 'MODEL_UNAVAILABLE',
        message: expect.stringContaining('OPENAI_API_KEY'),
      });
    }));

  test('name only the part of a sign-in that is missing', () =>
    withProviders({ configs: [config({ name: 'azure', apiKey: 'key' })] }, (providers) => {
      expect(providers.find('azure')?.info.needs).toBe('AZURE_RESOURCE_NAME');
    }));

  test('may have any name when they speak a known format', async () => {
    const seen: (string | undefined)[] = [];
    const upstream = await startUpstream((request, response) => {
      seen.push(request.url, request.headers['x-team'] as string, request.headers.authorization);
      const choices = [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }];
      sendEvents(response, [{ id: '1', object: 'chat.completion.chunk', created: 1, model: 'm', choices }]);
      response.end();
    });
    const models = [{ id: 'house-model', displayName: 'The house model' }];
    const house = config({ name: 'house', type: 'openai-compatible', baseURL: `${upstream.url}/v1`, models });
    await withProviders({ configs: [{ ...house, headers: { 'x-team': 'mill' } }] }, async (providers) => {
      const provider = providers.find('house')!;
      expect(provider).toMatchObject({
        info: { name: 'house', kind: 'COMPATIBLE', configured: true },
        declaredModels: models,
        openNames: true,
      });
      const { text } = await collect(provider.stream('house-model', askFor('hello'), never()));
      expect(text).toBe('Hi');
      expect(seen).toEqual(['/v1/chat/completions', 'mill', undefined]);
    });
    await upstream.close();
  });

  test('of a compatible type need an address', () =>
    withProviders({ configs: [config({ name: 'house', type: 'openai-compatible' })] }, (providers) => {
      expect(providers.find('house')?.info).toMatchObject({
        configured: false,
        needs: 'a baseURL for house',
      });
    }));

  test('take from the environment what the config leaves open, and nothing else', () =>
    withProviders(
      {
        configs: [
          config({ name: 'openai', baseURL: 'https://proxy.example/v1' }),
          config({ name: 'groq', type: 'openai-compatible', baseURL: 'https://groq.example/v1' }),
          ...detectFromEnvironment({
            OPENAI_API_KEY: 'key',
            OPENAI_BASE_URL: 'https://other.example',
            GROQ_API_KEY: 'key',
          }),
        ],
      },
      (providers) => {
        expect(providers.find('openai')?.info.configured).toBe(true);
        expect(providers.find('groq')?.info.kind).toBe('COMPATIBLE');
        expect(providers.list().filter(({ info }) => info.name === 'groq')).toHaveLength(1);
      },
    ));

  test('with a pool of keys need no other, and take none from the environment beside it', () =>
    withProviders(
      {
        configs: [
          config({ name: 'openai', apiKeys: ['key-one', 'key-two'], region: 'eu' }),
          ...detectFromEnvironment({ OPENAI_API_KEY: 'other' }),
        ],
      },
      (providers) => {
        expect(providers.find('openai')?.info).toMatchObject({ configured: true, region: 'eu' });
      },
    ));

  test('of an unknown type or with a built-in name are refused together', () => {
    const configs = [config({ name: 'house', type: 'opanai' }), config({ name: 'demo', type: 'openai' })];
    expect(() => createProviders({ configs, probeLocal: false })).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        issues: [
          {
            path: ['providers', 'house', 'type'],
            message: expect.stringContaining('"opanai"; it must be one of openai,'),
          },
          { path: ['providers', 'demo'], message: expect.stringContaining('built-in') },
        ],
      }),
    );
  });
});

describe('probing for local servers', () => {
  test('finds the ones that list models, and loses them again', async () => {
    const [ollama, other] = await Promise.all([
      listing('llama3.2', 'qwen3'),
      startUpstream((_, response) => response.end('<html>my app</html>')),
    ]);
    const probePorts = { ollama: ollama.port, llamacpp: other.port };
    await withProviders({ probeLocal: true, probePorts }, async (providers) => {
      expect(providers.find('ollama')).toBeUndefined();
      await providers.probe(never());
      expect(providers.find('ollama')).toMatchObject({
        info: { name: 'ollama', displayName: 'Ollama', kind: 'LOCAL', configured: true },
        declaredModels: [{ id: 'llama3.2', price: { input: '0', output: '0' } }, { id: 'qwen3' }],
        openNames: false,
      });
      expect(providers.find('llamacpp')).toBeUndefined();
      await ollama.close();
      await providers.probe(never());
      expect(providers.find('ollama')).toBeUndefined();
    });
    await other.close();
  });

  test('gives up on a port that accepts and says nothing', async () => {
    const silent = await startUpstream(() => {});
    await withProviders({ probeLocal: true, probePorts: { vllm: silent.port } }, async (providers) => {
      await providers.probe(never());
      expect(providers.find('vllm')).toBeUndefined();
    });
    await silent.close();
  });

  test.each([
    ['a list of something else', { object: 'list', data: [{ name: 'x' }] }],
    ['another object', { models: [] }],
  ])('takes no server that answers with %s', async (_, body) => {
    const server = await startUpstream((_request, response) => response.end(JSON.stringify(body)));
    await withProviders({ probeLocal: true, probePorts: { vllm: server.port } }, async (providers) => {
      await providers.probe(never());
      expect(providers.find('vllm')).toBeUndefined();
    });
    await server.close();
  });

  test('leaves a provider of the config alone that has the name', async () => {
    const server = await listing('llama3.2');
    const mine = config({ name: 'ollama', type: 'openai-compatible', baseURL: 'http://mine.example/v1' });
    await withProviders(
      { configs: [mine], probeLocal: true, probePorts: { ollama: server.port } },
      async (providers) => {
        await providers.probe(never());
        expect(providers.list().filter(({ info }) => info.name === 'ollama')).toMatchObject([
          { info: { kind: 'COMPATIBLE' } },
        ]);
      },
    );
    await server.close();
  });

  test('does not happen unless it is asked for', async () => {
    let asked = false;
    const server = await startUpstream((_, response) => {
      asked = true;
      response.end();
    });
    await withProviders({ probeLocal: false, probePorts: { ollama: server.port } }, (providers) =>
      providers.probe(never()),
    );
    expect(asked).toBe(false);
    await server.close();
  });

  test('ends with an abort', async () => {
    const silent = await startUpstream(() => {});
    await withProviders({ probeLocal: true, probePorts: { vllm: silent.port } }, async (providers) => {
      const reason = new Error('shutting down');
      await expect(providers.probe(AbortSignal.abort(reason))).rejects.toBe(reason);
    });
    await silent.close();
  });
});
