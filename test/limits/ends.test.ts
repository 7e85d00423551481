import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { HASHING_SECRET } from '../access/support/organisation.ts';
import { TIMEOUTS } from '../completion/support/completions.ts';
import { subscribe, type WayToLeave } from '../completion/support/streams.ts';
import { startVendor } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import { ASK, LIMIT_ERROR, useLimitedTenant, type LimitData } from './support/limits.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const gateway = useGateway({
  config: { providers: [vendor.config], timeouts: { ...TIMEOUTS, idleMs: 300, firstChunkMs: 300 } },
  variables: { SLUICE_SECRET: HASHING_SECRET },
});
const tenant = useLimitedTenant(gateway);
let places: LimitData;
let requests: LimitData;
let tokens: LimitData;

beforeEach(async () => {
  const subject = { scope: 'TEAM', subjectId: tenant().teamId };
  places = await tenant().set({ ...subject, unit: 'CONCURRENT', max: 3 });
  requests = await tenant().set({ ...subject, unit: 'REQUESTS_PER_MINUTE', max: 10 });
  tokens = await tenant().set({ ...subject, unit: 'TOKENS_PER_MINUTE', max: 100_000 });
});

/** What is left of the three. */
async function left() {
  const [inPlaces, ofRequests, ofTokens] = await Promise.all(
    [places, requests, tokens].map(({ id }) => tenant().read(id)),
  );
  return { places: inPlaces!.remaining, requests: ofRequests!.remaining, tokens: ofTokens!.remaining };
}

const STREAM = `subscription ($input: CompletionInput!) {
  event: completionStream(input: $input) { __typename completionId }
}`;

async function start(model: string, transport: 'SSE' | 'WS', leaveBy: WayToLeave) {
  const operation = { query: STREAM, variables: { input: { model, source: { text: 'hi' } } } };
  const stream = await subscribe(transport, gateway(), operation, { key: tenant().admin.secret, leaveBy });
  return { stream, started: await stream.next() };
}

async function usedBy(completion: { usage: { total: number } } | null): Promise<object> {
  return { places: 3, requests: 9, tokens: 100_000 - (completion?.usage.total ?? 0) };
}

describe('the place is free again and the tokens are those that were used', () => {
  it.each(['demo/echo', 'demo/error', 'demo/cut', 'demo/unmetered', 'demo/silent'])(
    'after %s has ended in its way',
    async (model) => {
      // The silent one runs into its timeout.
      const { completion } = await tenant().complete({ model });
      expect(await left()).toEqual(await usedBy(completion));
    },
  );

  it.each([
    ['SSE', 'SSE aborted'],
    ['WS', 'WS complete'],
    ['WS', 'WS close'],
    ['WS', 'WS terminate'],
  ] as const)('when the client leaves, over %s by %s', async (transport, leaveBy) => {
    const { stream } = await start('demo/slow', transport, leaveBy);
    expect(await left()).toMatchObject({ places: 2, requests: 9 });
    stream.leave();
    await expect.poll(async () => (await left()).places).toBe(3);
    const { data } = await tenant().ask('{ completions { nodes { status usage { total } } } }');
    expect(data.completions.nodes).toMatchObject([{ status: 'CANCELLED' }]);
    expect(await left()).toEqual(await usedBy(data.completions.nodes[0]));
  });

  it('when it is cancelled, once only', async () => {
    const { started } = await start('demo/slow', 'WS', 'WS close');
    const query = 'mutation ($id: ID!) { completionCancel(id: $id) { completion { usage { total } } } }';
    const answers = await Promise.all(
      [1, 2, 3].map(() => tenant().ask(query, { id: started!.completionId })),
    );
    expect(await left()).toEqual(await usedBy(answers[0]!.data.completionCancel.completion));
  });

  it('when a vendor breaks its own word and is stopped', async () => {
    const asked = tenant().complete({ model: 'vendor/model' });
    const call = await vendor.nextCall();
    call.say('and then it says no more');
    const { completion } = await asked;
    expect(completion!.status).toBe('FAILED');
    expect(await left()).toEqual(await usedBy(completion));
  });
});

describe('with budgets', () => {
  const BUDGET = `mutation ($input: BudgetSetInput!) {
    budgetSet(input: $input) { budget { id } errors { message } }
  }`;
  async function setBudget(input: object): Promise<void> {
    const { data } = await tenant().ask(BUDGET, {
      input: { subjectId: tenant().teamId, window: 'TOTAL', ...input },
    });
    expect(data.budgetSet.errors).toEqual([]);
  }

  it('what a budget refuses takes nothing from limits', async () => {
    await setBudget({ unit: 'TOKENS', limit: '1' });
    expect((await tenant().complete()).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    expect(await left()).toEqual({ places: 3, requests: 10, tokens: 100_000 });
  });

  it('what waits for room takes no place meanwhile', async () => {
    await setBudget({ unit: 'REQUESTS', limit: '1', onExceed: 'QUEUE', queueMs: 600 });
    await tenant().complete();
    expect((await tenant().complete()).errors).toMatchObject([{ code: 'BUDGET_EXCEEDED' }]);
    expect(await left()).toMatchObject({ places: 3, requests: 9 });
  });

  it('another model that answers instead is taken from its own limits, and not from those of the first', async () => {
    const of = (model: string, max: number) =>
      tenant().set({ scope: 'MODEL', subjectId: model, unit: 'REQUESTS_PER_MINUTE', max });
    const first = await of('demo/expensive', 5);
    const second = await of('demo/echo', 1);
    const fallback = { onExceed: 'FALLBACK_TO_CHEAPER', fallbackModel: 'demo/echo' };
    await setBudget({ scope: 'MODEL', subjectId: 'demo/expensive', limit: '0.000001', ...fallback });
    const { completion } = await tenant().complete({ model: 'demo/expensive' });
    expect(completion).toMatchObject({ model: { name: 'demo/echo' } });
    expect((await tenant().read(first.id)).remaining).toBe(5);
    expect((await tenant().read(second.id)).remaining).toBe(0);
    expect(await left()).toMatchObject({ places: 3, requests: 9 });
    expect((await tenant().complete({ model: 'demo/expensive' })).errors).toMatchObject([
      { code: 'RATE_LIMITED', scope: 'MODEL', limit: 1 },
    ]);
    expect(await left()).toMatchObject({ places: 3, requests: 9 });
  });

  it('the headers tell of no limit that was given back', async () => {
    const of = (model: string, max: number) =>
      tenant().set({ scope: 'MODEL', subjectId: model, unit: 'REQUESTS_PER_MINUTE', max });
    await of('demo/expensive', 1);
    await of('demo/echo', 5);
    const fallback = { onExceed: 'FALLBACK_TO_CHEAPER', fallbackModel: 'demo/echo' };
    await setBudget({ scope: 'MODEL', subjectId: 'demo/expensive', limit: '0.000001', ...fallback });
    const ask = async () => {
      const input = { model: 'demo/expensive', source: { text: 'hi' } };
      const { headers } = await tenant().post(ASK, { input });
      return ['limit', 'remaining'].map((fact) => headers.get(`x-ratelimit-${fact}-requests`));
    };
    expect(await ask()).toEqual(['5', '4']);
    await setBudget({ unit: 'TOKENS', limit: '1' });
    expect(await ask()).toEqual([null, null]);
  });

  it('what a limit refuses holds nothing in a budget', async () => {
    await setBudget({ unit: 'REQUESTS', limit: '50' });
    const of = { scope: 'KEY', subjectId: '*', unit: 'REQUESTS_PER_MINUTE', max: 1 };
    await tenant().set(of);
    for (const _ of [1, 2, 3]) await tenant().complete();
    const { data } = await tenant().ask(
      `{ budgets { nodes { spent { amount } reserved { amount } exceeded } } estimate(input: {
        model: "demo/echo", source: { text: "hi" }
      }) { refusals { ${LIMIT_ERROR} } } }`,
    );
    expect(data.budgets.nodes).toEqual([{ spent: { amount: '1' }, reserved: { amount: '0' }, exceeded: 0 }]);
    expect(data.estimate.refusals).toMatchObject([{ scope: 'KEY' }]);
  });
});
