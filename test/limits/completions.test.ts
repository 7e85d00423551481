import { afterAll, describe, expect, it } from 'vitest';
import { HASHING_SECRET } from '../access/support/organisation.ts';
import { subscribe } from '../completion/support/streams.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import { ASK, LIMIT_ERROR, useLimitedTenant, type LimitedTenant } from './support/limits.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const gateway = useGateway({
  config: { providers: [vendor.config] },
  variables: { SLUICE_SECRET: HASHING_SECRET },
});
const tenant = useLimitedTenant(gateway);

const STREAM = `subscription ($input: CompletionInput!) {
  event: completionStream(input: $input) {
    __typename completionId ... on CompletionFailed { errors { ${LIMIT_ERROR} } }
  }
}`;
const ECHO = { model: 'demo/echo', source: { text: 'hi' } };
const OF_TEAM = () => ({ scope: 'TEAM', subjectId: tenant().teamId });

/** What a limit can be set on, for a request of anna's for a model of the demo provider. */
const SUBJECTS: [scope: string, each: string, subjectId: (of: LimitedTenant, model: string) => string][] = [
  ['ORGANISATION', '', ({ organisationId }) => organisationId],
  ['TEAM', '', ({ teamId }) => teamId],
  ['TEAM', ' for each', () => '*'],
  ['KEY', '', ({ admin }) => admin.id],
  ['KEY', ' for each', () => '*'],
  ['END_USER', '', () => 'anna'],
  ['END_USER', ' for each', () => '*'],
  ['IP', '', () => '127.0.0.1'],
  ['IP', ' for each', () => '*'],
  ['MODEL', '', (_, model) => model],
  ['MODEL', ' for each', () => '*'],
  ['PROVIDER', '', () => 'demo'],
  ['PROVIDER', ' for each', () => '*'],
];

describe.each(SUBJECTS)('a limit of %s%s', (scope, _each, subjectId) => {
  it('of requests lets as many through, and tells the next one what it is', async () => {
    const { complete, countCompletions } = tenant();
    const subject = { scope, subjectId: subjectId(tenant(), 'demo/echo') };
    await tenant().set({ ...subject, unit: 'REQUESTS_PER_MINUTE', max: 2 });
    const input = { endUserId: 'anna' };
    for (const _ of [1, 2]) expect((await complete(input)).errors).toEqual([]);
    expect(await complete(input)).toEqual({
      completion: null,
      errors: [
        {
          __typename: 'RateLimitedError',
          code: 'RATE_LIMITED',
          message: expect.stringContaining('(2 requests per minute) is reached'),
          path: null,
          scope,
          unit: 'REQUESTS_PER_MINUTE',
          limit: 2,
          remaining: 0,
          retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 61_000),
        },
      ],
    });
    // No row, and so no hold and no entry in the journal.
    expect(await countCompletions()).toBe(2);
  });

  it('of tokens counts what was really used', async () => {
    const { complete } = tenant();
    const subject = { scope, subjectId: subjectId(tenant(), 'demo/echo') };
    await tenant().set({ ...subject, unit: 'TOKENS_PER_MINUTE', max: 1_000 });
    const input = { endUserId: 'anna', params: { maxOutputTokens: 900 } };
    // Two of them would not fit by their estimates.
    const answers = [await complete(input), await complete(input)];
    const used = answers.reduce((sum, { completion }) => sum + completion!.usage.total, 0);
    expect(used).toBeGreaterThan(0);
    expect(await complete({ ...input, params: { maxOutputTokens: 999 } })).toMatchObject({
      completion: null,
      errors: [{ scope, unit: 'TOKENS_PER_MINUTE', limit: 1_000, remaining: 1_000 - used }],
    });
  });

  it('of concurrency counts what is under way', async () => {
    const { complete, admin } = tenant();
    const subject = { scope, subjectId: subjectId(tenant(), 'demo/slow') };
    await tenant().set({ ...subject, unit: 'CONCURRENT', max: 1 });
    const input = { model: 'demo/slow', source: { text: 'hi' }, endUserId: 'anna' };
    const operation = { query: STREAM, variables: { input } };
    const stream = await subscribe('SSE', gateway(), operation, { key: admin.secret });
    await stream.next();
    expect((await complete(input)).errors).toMatchObject([
      { code: 'RATE_LIMITED', scope, unit: 'CONCURRENT', limit: 1, remaining: 0, retryAfterMs: null },
    ]);
    stream.leave();
    const short = { ...input, params: { maxOutputTokens: 1 } };
    await expect.poll(async () => (await complete(short)).errors).toEqual([]);
  });
});

describe('several limits', () => {
  it('are taken all or none, also when most of them fit', async () => {
    const { complete, set, read } = tenant();
    const wide = await set({ ...OF_TEAM(), unit: 'REQUESTS_PER_MINUTE', max: 100 });
    const tokens = await set({
      scope: 'MODEL',
      subjectId: 'demo/echo',
      unit: 'TOKENS_PER_MINUTE',
      max: 100_000,
    });
    const places = await set({ scope: 'PROVIDER', subjectId: 'demo', unit: 'CONCURRENT', max: 3 });
    await set({ scope: 'END_USER', subjectId: '*', unit: 'REQUESTS_PER_MINUTE', max: 1 });
    await complete({ endUserId: 'bert' });
    const left = async () => {
      const limits = await Promise.all([wide, tokens, places].map(({ id }) => read(id)));
      return limits.map(({ remaining }) => remaining);
    };
    const before = await left();
    const refused = await Promise.all(Array.from({ length: 10 }, () => complete({ endUserId: 'bert' })));
    for (const { errors } of refused) expect(errors).toMatchObject([{ scope: 'END_USER', limit: 1 }]);
    expect(await left()).toEqual(before);
    // Another end user has a limit of its own.
    expect((await complete({ endUserId: 'cleo' })).errors).toEqual([]);
  });

  it('let exactly as many through as the narrowest, however many ask at once', async () => {
    const { complete, set } = tenant();
    await set({ ...OF_TEAM(), unit: 'REQUESTS_PER_MINUTE', max: 7 });
    await set({ scope: 'MODEL', subjectId: 'demo/echo', unit: 'REQUESTS_PER_MINUTE', max: 9 });
    const all = await Promise.all(Array.from({ length: 30 }, () => complete()));
    expect(all.filter(({ completion }) => completion?.status === 'SUCCEEDED')).toHaveLength(7);
    const refusals = all.flatMap(({ errors }) => errors);
    expect(refusals).toHaveLength(23);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'RATE_LIMITED', limit: 7 });
  });

  it('on one subject stands in the place of that for each', async () => {
    const { addKey, complete, set } = tenant();
    const { secret, id } = await addKey(['COMPLETIONS_WRITE']);
    await set({ scope: 'KEY', subjectId: '*', unit: 'REQUESTS_PER_MINUTE', max: 1 });
    await set({ scope: 'KEY', subjectId: id, unit: 'REQUESTS_PER_MINUTE', max: 2 });
    const refusals = async (key?: string) => {
      const counts: number[] = [];
      for (const _ of [1, 2, 3]) counts.push((await complete({}, key)).errors.length);
      return counts;
    };
    expect(await refusals(secret)).toEqual([0, 0, 1]);
    expect(await refusals()).toEqual([0, 1, 1]);
  });

  it('hold for one organisation only', async () => {
    const { complete, set } = tenant();
    for (const [scope, subjectId] of [
      ['IP', '127.0.0.1'],
      ['MODEL', '*'],
      ['PROVIDER', 'demo'],
      ['END_USER', 'anna'],
    ])
      await set({ scope: scope!, subjectId: subjectId!, unit: 'REQUESTS_PER_MINUTE', max: 1 });
    await complete({ endUserId: 'anna' });
    expect((await complete({ endUserId: 'anna' })).errors).toHaveLength(1);
    const input = { ...ECHO, endUserId: 'anna' };
    for (const _ of [1, 2])
      expect((await gateway().ask(ASK, { input })).data.completionCreate.errors).toEqual([]);
  });
});

describe('a request that is larger than a limit of tokens', () => {
  it('is told that it never fits', async () => {
    const { complete, post, set } = tenant();
    await set({ ...OF_TEAM(), unit: 'TOKENS_PER_MINUTE', max: 100 });
    const params = { maxOutputTokens: 100 };
    const { errors } = await complete({ params });
    expect(errors).toMatchObject([{ code: 'RATE_LIMITED', retryAfterMs: null, remaining: 100 }]);
    expect(errors[0]!.message).toContain('ask for less at once');
    const { headers } = await post(ASK, { input: { ...ECHO, params } });
    expect(headers.get('retry-after')).toBeNull();
  });

  it('is counted by what it took, also when that is more than was estimated', async () => {
    const { complete, read, set } = tenant();
    const limit = await set({ ...OF_TEAM(), unit: 'TOKENS_PER_MINUTE', max: 25 });
    const params = { maxOutputTokens: 5 };
    const asked = complete({ model: 'vendor/model', params });
    const call = await vendor.nextCall();
    expect((await read(limit.id)).remaining).toBe(25 - 6);
    // The vendor does not keep to what it is asked for.
    call.finish();
    expect((await asked).completion!.usage.total).toBe(30);
    expect((await read(limit.id)).remaining).toBe(0);
    expect((await complete({ params })).errors).toMatchObject([{ unit: 'TOKENS_PER_MINUTE', remaining: 0 }]);
  });
});

describe('over every transport', () => {
  it.each(['SSE', 'WS'] as const)('a stream over %s counts, and is refused as data', async (transport) => {
    const { admin, complete, set } = tenant();
    await set({ ...OF_TEAM(), unit: 'REQUESTS_PER_MINUTE', max: 1 });
    const operation = { query: STREAM, variables: { input: ECHO } };
    const open = () => subscribe(transport, gateway(), operation, { key: admin.secret });
    expect((await (await open()).rest()).at(-1)).toMatchObject({ __typename: 'CompletionFinished' });
    expect(await (await open()).rest()).toMatchObject([
      {
        __typename: 'CompletionFailed',
        errors: [{ __typename: 'RateLimitedError', unit: 'REQUESTS_PER_MINUTE', limit: 1, remaining: 0 }],
      },
    ]);
    expect((await complete()).errors).toMatchObject([{ code: 'RATE_LIMITED' }]);
  });

  it('what attaches to a completion by its idempotency key takes nothing', async () => {
    const { ask, read, set } = tenant();
    const limit = await set({ ...OF_TEAM(), unit: 'REQUESTS_PER_MINUTE', max: 5 });
    const query = `mutation ($input: CompletionInput!) {
      completionCreate(input: $input, idempotencyKey: "once and for all") { completion { id } errors { code } }
    }`;
    for (const _ of [1, 2, 3]) await ask(query, { input: ECHO });
    expect((await read(limit.id)).remaining).toBe(4);
  });

  it('several in one operation count by themselves', async () => {
    const { ask, set } = tenant();
    await set({ ...OF_TEAM(), unit: 'REQUESTS_PER_MINUTE', max: 2 });
    const fields = ['a', 'b', 'c'].map((name) => `${name}: complete(input: $input) { errors { code } }`);
    const { data } = await ask(`query ($input: CompletionInput!) { ${fields.join(' ')} }`, { input: ECHO });
    const answers = Object.values(data as Record<string, { errors: object[] }>);
    expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(2);
  });
});

describe('the headers of an HTTP answer', () => {
  it('tell how the tightest limits stand, and when to come again', async () => {
    const { post, set } = tenant();
    await set({ ...OF_TEAM(), unit: 'REQUESTS_PER_MINUTE', max: 9 });
    await set({ scope: 'KEY', subjectId: '*', unit: 'REQUESTS_PER_MINUTE', max: 2 });
    await set({ ...OF_TEAM(), unit: 'TOKENS_PER_MINUTE', max: 5_000 });
    const input = { ...ECHO, params: { maxOutputTokens: 499 } };
    const { headers } = await post(ASK, { input });
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': expect.stringMatching(/^\d+(\.\d+)?s$/),
      'x-ratelimit-limit-tokens': '5000',
      'x-ratelimit-remaining-tokens': '4500',
      'x-ratelimit-reset-tokens': expect.stringMatching(/^\d+(\.\d+)?s$/),
    });
    expect(headers.get('retry-after')).toBeNull();
    await post(ASK, { input });
    const refused = await post(ASK, { input });
    expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    const { retryAfterMs } = refused.answer.data.completionCreate.errors[0];
    expect(refused.headers.get('retry-after')).toBe(String(Math.ceil(retryAfterMs / 1_000)));
  });

  it('are on a stream too', async () => {
    const { post, set } = tenant();
    await set({ ...OF_TEAM(), unit: 'REQUESTS_PER_MINUTE', max: 9 });
    const response = await fetch(gateway().url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${tenant().admin.secret}`,
      },
      body: JSON.stringify({ query: STREAM, variables: { input: ECHO } }),
    });
    await response.text();
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('8');
    expect((await post('{ viewer { scopes } }')).headers.get('x-ratelimit-remaining-requests')).toBeNull();
  });
});

describe('estimate', () => {
  it('tells that a limit would refuse, and takes nothing', async () => {
    const { ask, complete, read, set } = tenant();
    const limit = await set({ ...OF_TEAM(), unit: 'REQUESTS_PER_MINUTE', max: 1 });
    const query = `query ($input: CompletionInput!) {
      estimate(input: $input) { allowed refusals { ${LIMIT_ERROR} } }
    }`;
    for (const _ of [1, 2])
      expect((await ask(query, { input: ECHO })).data.estimate).toEqual({ allowed: true, refusals: [] });
    expect((await read(limit.id)).remaining).toBe(1);
    await complete();
    expect((await ask(query, { input: ECHO })).data.estimate).toMatchObject({
      allowed: false,
      refusals: [{ __typename: 'RateLimitedError', scope: 'TEAM', limit: 1, remaining: 0 }],
    });
  });
});
