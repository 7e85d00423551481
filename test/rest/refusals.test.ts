import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { addOrganisation, HASHING_SECRET, type Tenant } from '../access/support/organisation.ts';
import { deleteBudget, setBudget } from '../budgets/support.ts';
import { listCompletions } from '../completion/support/completions.ts';
import { addLimitedTenant } from '../limits/support/limits.ts';
import { publish, saying } from '../prompts/support.ts';
import { useGateway, type TestGateway } from '../support/gateway.ts';
import { ask, pathOf, run, send, type Free } from './support.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
let other: Tenant;

/** The same gateway, as somebody else. */
const as = (key: string): TestGateway => ({
  ...gateway(),
  ask: (query, variables, options) => gateway().ask(query, variables, { key, ...options }),
});

beforeAll(async () => {
  await publish(gateway(), 'greet', saying('Hello!'));
  await publish(gateway(), 'costly', saying('Hello!', { model: 'demo/expensive' }));
  other = await addOrganisation(gateway(), 'other');
  await publish(as(other.admin.secret), 'secret', saying('Nobody else reads this.'));
});

const codeOf = ({ status, body }: { status: number; body: Free }) => ({ status, code: body.errors[0].code });

describe('whoever asks', () => {
  it('shows a key that is known', async () => {
    for (const key of [null, 'sk-sluice-nobody']) {
      const answer = await run(gateway(), 'greet', 'no JSON', { key });
      expect(codeOf(answer)).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
    }
  });

  it('holds the scope; who does not is told to the audit', async () => {
    const { id, secret: key } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    const answer = await run(gateway(), 'greet', {}, { key });
    expect(codeOf(answer)).toEqual({ status: 403, code: 'FORBIDDEN' });
    expect(answer.body.errors[0].message).toMatch(/needs the scope COMPLETIONS_WRITE/);
    await expect.poll(async () => refusalsOf(id)).toEqual(['POST /v1/prompts/{slug}/completions']);
  });

  it('may use the model', async () => {
    const { id, secret: key } = await makeKey(gateway(), {
      scopes: ['COMPLETIONS_WRITE'],
      models: ['demo/slow'],
    });
    const answer = await run(gateway(), 'greet', {}, { key });
    expect(codeOf(answer)).toEqual({ status: 403, code: 'FORBIDDEN' });
    expect(answer.body.errors[0].message).toMatch(/may not use "demo\/echo"/);
    await expect.poll(async () => refusalsOf(id)).toHaveLength(1);
  });

  it('does not come in by a publishable key, which runs registered operations only', async () => {
    const { secret: key } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], publishable: true });
    const answers = await Promise.all([
      run(gateway(), 'greet', {}, { key }),
      ask(gateway(), '/v1/openapi.json', undefined, { key }),
    ]);
    for (const answer of answers)
      expect(codeOf(answer)).toEqual({ status: 403, code: 'OPERATION_NOT_TRUSTED' });
    const tool = await ask(gateway(), '/mcp', { jsonrpc: '2.0', id: 7, method: 'tools/list' }, { key });
    expect(tool).toMatchObject({
      status: 403,
      body: { id: null, error: { message: expect.stringMatching(/registered/) } },
    });
  });

  it('finds the prompts of its own organisation only', async () => {
    expect((await run(gateway(), 'secret', {}, { key: other.admin.secret })).status).toBe(200);
    const theirs = await run(gateway(), 'secret', {});
    expect(theirs).toMatchObject({
      status: 404,
      body: { errors: [{ code: 'NOT_FOUND', message: 'no prompt "secret"' }] },
    });
    const none = await run(gateway(), 'none', {});
    expect(none.body.errors[0].message).toBe('no prompt "none"');
    expect(codeOf(await run(gateway(), 'greet', { label: 'staging' }))).toEqual({
      status: 404,
      code: 'NOT_FOUND',
    });
    expect(codeOf(await run(gateway(), 'greet', { version: 9 }))).toEqual({ status: 404, code: 'NOT_FOUND' });
  });

  async function refusalsOf(actor: string): Promise<string[]> {
    const { data } = await gateway().ask(
      'query ($actor: String) { auditEvents(filter: { actor: { eq: $actor }, action: { eq: "access.refused" } }) { nodes { targetId } } }',
      { actor },
    );
    return data.auditEvents.nodes.map(({ targetId }: { targetId: string }) => targetId);
  }
});

describe('what protects the money', () => {
  it('is a budget that holds here too: nothing is called, nothing is held', async () => {
    const { id } = await setBudget(gateway(), { limit: '0.000001' });
    const before = await listCompletions(gateway(), {});
    expect(codeOf(await run(gateway(), 'costly', {}))).toEqual({ status: 402, code: 'BUDGET_EXCEEDED' });
    expect(await listCompletions(gateway(), {})).toEqual(before);
    await deleteBudget(gateway(), id);
  });

  it('is a limit, which is told in the headers as long as it holds and when it does not', async () => {
    const tenant = await addLimitedTenant(gateway());
    const key = tenant.admin.secret;
    await publish(as(key), 'greet', saying('Hello!'));
    await tenant.set({ scope: 'TEAM', subjectId: tenant.teamId, unit: 'REQUESTS_PER_MINUTE', max: 1 });
    const first = await run(gateway(), 'greet', {}, { key });
    expect(first.status).toBe(200);
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('1');
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    const second = await send(gateway(), pathOf('greet'), { stream: true }, { key });
    expect(second.status).toBe(429);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    const body = (await second.json()) as { errors: object[] };
    expect(body.errors[0]).toMatchObject({
      code: 'RATE_LIMITED',
      unit: 'REQUESTS_PER_MINUTE',
      limit: 1,
      remaining: 0,
    });
  });

  it('is a limit on operations, from which each door takes its points', async () => {
    const tenant = await addLimitedTenant(gateway());
    const key = tenant.admin.secret;
    await publish(as(key), 'greet', saying('Hello!'));
    await tenant.set({
      scope: 'TEAM',
      subjectId: tenant.teamId,
      unit: 'OPERATION_COST_PER_MINUTE',
      max: 1_000,
    });
    const answers = await Promise.all(Array.from({ length: 21 }, () => run(gateway(), 'greet', {}, { key })));
    const [refused, ...more] = answers.filter(({ status }) => status !== 200);
    expect(more).toEqual([]);
    expect(refused).toMatchObject({
      status: 429,
      body: { errors: [{ code: 'RATE_LIMITED', unit: 'OPERATION_COST_PER_MINUTE' }] },
    });
  });
});

describe('what is sent', () => {
  const json = 'application/json';
  const faults: [string, string, string, number, string][] = [
    ['no JSON', '{"variables": ', json, 400, 'BAD_REQUEST'],
    ['nothing', '', json, 400, 'BAD_REQUEST'],
    ['a name twice', '{"variables": {"a": 1, "b": {}, "a": 2}}', json, 400, 'BAD_REQUEST'],
    ['a name twice, written in two ways', '{"label": "a", "l\\u0061bel": "b"}', json, 400, 'BAD_REQUEST'],
    ['text', '{}', 'text/plain', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['another character set', '{}', 'application/json; charset=utf-16', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'what is nested too deep',
      `{"variables": ${'['.repeat(500)}${']'.repeat(500)}}`,
      json,
      400,
      'BODY_TOO_DEEP',
    ],
    [
      'too many values',
      JSON.stringify({ variables: { list: Array.from({ length: 200_000 }, () => 1) } }),
      json,
      400,
      'BODY_TOO_LARGE',
    ],
  ];
  it.each(faults)('is not %s', async (_, body, type, status, code) => {
    const answer = await run(gateway(), 'greet', body, { headers: { 'content-type': type } });
    expect(codeOf(answer)).toEqual({ status, code });
  });

  it('is in UTF-8, and as it is', async () => {
    const post = (body: Uint8Array<ArrayBuffer>, headers = {}) =>
      fetch(new URL(pathOf('greet'), gateway().url), {
        method: 'POST',
        body,
        headers: { 'content-type': json, authorization: `Bearer ${other.admin.secret}`, ...headers },
      });
    expect((await post(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d))).status).toBe(400);
    expect((await post(Uint8Array.of(0x7b, 0x7d), { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('is no larger than a body may be, whether it says so or not', async () => {
    const { bodyBytes } = gateway().gateway.config.limits;
    const large = JSON.stringify({ variables: { text: 'x'.repeat(bodyBytes) } });
    expect(codeOf(await run(gateway(), 'greet', large))).toEqual({
      status: 413,
      code: 'REQUEST_ENTITY_TOO_LARGE',
    });
    const chunked = await fetch(new URL(pathOf('greet'), gateway().url), {
      method: 'POST',
      body: new Blob([large]).stream(),
      duplex: 'half',
      headers: { 'content-type': json, authorization: `Bearer ${other.admin.secret}` },
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  it('goes to a path that there is, by a method that is meant', async () => {
    const nowhere = await ask(gateway(), '/v1/nowhere', {});
    expect(codeOf(nowhere)).toEqual({ status: 404, code: 'NOT_FOUND' });
    const got = await ask(gateway(), pathOf('greet'), undefined);
    expect(codeOf(got)).toEqual({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    expect(got.headers.get('allow')).toBe('POST');
    expect(codeOf(await ask(gateway(), pathOf('%'), {}))).toEqual({ status: 400, code: 'BAD_REQUEST' });
  });
});
