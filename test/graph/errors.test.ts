import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startUpstream, type Upstream } from '../providers/support/upstream.ts';
import { useGateway } from '../support/gateway.ts';

let upstream: Upstream;
const config = {
  providers: [
    {
      name: 'busy',
      type: 'openai-compatible',
      baseURL: '',
      headers: {},
      settings: {},
      models: [{ id: 'm' }],
    },
  ],
};
beforeAll(async () => {
  upstream = await startUpstream((_request, response) => {
    response.writeHead(429, { 'retry-after': '7', 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'slow down' } }));
  });
  config.providers[0]!.baseURL = `${upstream.url}/v1`;
});
const gateway = useGateway({ config });
afterAll(() => upstream.close());

const ERRORS = `errors {
  __typename code message path
  ... on ProviderFailedError { attempts { status httpStatus errorType } }
  ... on RateLimitedError { retryAfterMs }
}`;
const CREATE = `mutation ($input: CompletionInput!, $key: String) {
  completionCreate(input: $input, idempotencyKey: $key) { completion { status } ${ERRORS} }
}`;

const errorsOf = async (input: object, key?: string) => {
  const { data } = await gateway().ask(CREATE, { input, key });
  return data.completionCreate;
};
const text = (words: string) => ({ source: { text: words } });

describe('what a caller can cause is an error as data', () => {
  it('InvalidInputError, one for each fault, with its path', async () => {
    const answer = await errorsOf({
      model: 'demo/echo',
      ...text('hi'),
      params: { temperature: 3, maxOutputTokens: -1 },
    });
    expect(answer).toEqual({
      completion: null,
      errors: ['temperature', 'maxOutputTokens'].map((name) => ({
        __typename: 'InvalidInputError',
        code: 'INVALID_INPUT',
        message: expect.stringContaining(`input.params.${name}`),
        path: ['input', 'params', name],
      })),
    });
  });

  it('ModelUnavailableError, which names what would work', async () => {
    expect(await errorsOf({ model: 'demo/eco', ...text('hi') })).toEqual({
      completion: null,
      errors: [
        {
          __typename: 'ModelUnavailableError',
          code: 'MODEL_UNAVAILABLE',
          message: expect.stringContaining('demo/echo'),
          path: null,
        },
      ],
    });
  });

  it('ProviderFailedError, with the attempts', async () => {
    expect(await errorsOf({ model: 'demo/error', ...text('hi') })).toEqual({
      completion: { status: 'FAILED' },
      errors: [
        {
          __typename: 'ProviderFailedError',
          code: 'PROVIDER_ERROR',
          message: expect.any(String),
          path: null,
          attempts: [{ status: 'ERROR', httpStatus: 500, errorType: 'PROVIDER_ERROR' }],
        },
      ],
    });
  });

  it('RateLimitedError, with the time that the provider named', async () => {
    expect(await errorsOf({ model: 'busy/m', ...text('hi') })).toEqual({
      completion: { status: 'FAILED' },
      errors: [
        {
          __typename: 'RateLimitedError',
          code: 'RATE_LIMITED',
          message: expect.any(String),
          path: null,
          retryAfterMs: 7_000,
        },
      ],
    });
  });

  it('GenericError for the codes that need no more than a message', async () => {
    await errorsOf({ model: 'demo/echo', ...text('one') }, 'used');
    expect(await errorsOf({ model: 'demo/echo', ...text('another') }, 'used')).toEqual({
      completion: null,
      errors: [{ __typename: 'GenericError', code: 'CONFLICT', message: expect.any(String), path: null }],
    });
  });

  it('can be read through the interface alone', async () => {
    const { data } = await gateway().ask(
      'mutation { completionCancel(id: "x") { completion { id } errors { code message } } }',
    );
    expect(data.completionCancel).toEqual({
      completion: null,
      errors: [{ code: 'NOT_FOUND', message: expect.any(String) }],
    });
  });

  it('in a stream stands in the one event that ends it', async () => {
    const query = `subscription ($input: CompletionInput!) { completionStream(input: $input) {
      __typename ... on CompletionFailed { reason ${ERRORS} completion { status } }
    } }`;
    const refused = gateway()
      .socket()
      .iterate({ query, variables: { input: { model: 'demo/eco', ...text('hi') } } });
    expect(await Array.fromAsync(refused)).toMatchObject([
      {
        data: {
          completionStream: {
            __typename: 'CompletionFailed',
            reason: 'FAILED',
            errors: [{ __typename: 'ModelUnavailableError', code: 'MODEL_UNAVAILABLE' }],
            completion: null,
          },
        },
      },
    ]);
    const failed = gateway()
      .socket()
      .iterate({ query, variables: { input: { model: 'demo/error', ...text('hi') } } });
    expect(await Array.fromAsync(failed)).toMatchObject([
      { data: { completionStream: { __typename: 'CompletionStarted' } } },
      {
        data: {
          completionStream: {
            __typename: 'CompletionFailed',
            errors: [{ __typename: 'ProviderFailedError' }],
            completion: { status: 'FAILED' },
          },
        },
      },
    ]);
  });
});

describe('what the text of an operation gets wrong is an error of the operation', () => {
  it.each([
    ['both text and messages', { text: 'a', messages: [] }],
    ['neither text nor messages', {}],
  ])('%s', async (_, source) => {
    const { data, errors } = await gateway().ask(CREATE, { input: { model: 'demo/echo', source } });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['input', 'source'] } }]);
  });

  it('does not stop the other fields of a mutation, which run one after the other', async () => {
    const { data } = await gateway().ask(`mutation {
      a: completionCreate(input: { model: "demo/none", source: { text: "a" } }) { errors { code } }
      b: completionCreate(input: { model: "demo/echo", source: { text: "b" } }) { completion { text } }
    }`);
    expect(data).toEqual({
      a: { errors: [{ code: 'MODEL_UNAVAILABLE' }] },
      b: { completion: { text: 'b' } },
    });
  });
});
