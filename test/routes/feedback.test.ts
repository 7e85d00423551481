import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { cancel, completionOf, create, say } from '../completion/support/completions.ts';
import { connect } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { learnedOf, setRoute, type Refusal } from './support.ts';

const gateway = useGateway();
const RATE = `mutation ($input: CompletionRateInput!) {
  completionRate(input: $input) {
    completion { id ratings { score comment createdAt } } errors { code message path }
  }
}`;

interface Told {
  score: number;
  comment: string | null;
  createdAt: string;
}

const keys = { caller: '', other: '', reader: '' };
beforeAll(async () => {
  const make = async (...scopes: Parameters<typeof makeKey>[1]['scopes']) =>
    (await makeKey(gateway(), { scopes })).secret;
  keys.caller = await make('COMPLETIONS_WRITE');
  keys.other = await make('COMPLETIONS_WRITE');
  keys.reader = await make('USAGE_READ');
});

async function rate(input: { id: string; score: number; comment?: string }, key = ADMIN_KEY) {
  const { data, errors } = await gateway().ask(RATE, { input }, { key });
  return {
    ...(data?.completionRate as { completion: { ratings: Told[] } | null; errors: Refusal[] }),
    refused: errors,
  };
}

async function ratingsOf(id: string, key = ADMIN_KEY): Promise<Told[] | undefined> {
  const query = 'query ($id: ID!) { completion(id: $id) { ratings { score comment createdAt } } }';
  return (await gateway().ask(query, { id }, { key })).data.completion?.ratings;
}

/** Id of a completion of the caller. */
const complete = async (model: string): Promise<string> =>
  completionOf(await create(gateway(), say(model), { key: keys.caller })).id;

let names = 0;
async function route(...models: string[]): Promise<string> {
  const name = `rated-${(names += 1)}`;
  const targets = models.map((model) => ({ model, retries: 0 }));
  expect((await setRoute(gateway(), { name, strategy: 'LEARNED', targets })).errors).toEqual([]);
  return name;
}

describe('a rating', () => {
  it('is kept with the completion', async () => {
    const id = await complete('demo/echo');
    expect(await ratingsOf(id)).toEqual([]);
    const told = { score: 0.25, comment: 'too short', createdAt: expect.any(String) };
    expect(await rate({ id, score: 0.25, comment: 'too short' }, keys.caller)).toEqual({
      completion: { id, ratings: [told] },
      errors: [],
    });
    for (const key of [keys.caller, keys.reader]) expect(await ratingsOf(id, key)).toEqual([told]);
  });

  it('takes the place of an earlier one of the same key, and stands beside those of others', async () => {
    const id = await complete('demo/echo');
    await rate({ id, score: 0, comment: 'no' }, keys.caller);
    await rate({ id, score: 1 });
    await rate({ id, score: 0.5 }, keys.caller);
    expect(await ratingsOf(id)).toMatchObject([
      { score: 0.5, comment: null },
      { score: 1, comment: null },
    ]);
  });

  it('is refused where it makes no sense, and every fault is told', async () => {
    const id = await complete('demo/echo');
    const { completion, errors } = await rate({ id, score: 1.5, comment: 'x'.repeat(1_001) });
    expect(completion).toBeNull();
    expect(errors).toEqual([
      { code: 'INVALID_INPUT', path: ['input', 'score'], message: expect.stringMatching(/from 0 to 1/) },
      { code: 'INVALID_INPUT', path: ['input', 'comment'], message: expect.stringMatching(/1000/) },
    ]);
    expect((await rate({ id, score: -0.1 })).errors).toMatchObject([{ path: ['input', 'score'] }]);
    expect(await ratingsOf(id)).toEqual([]);
  });

  it('is for those who see the completion and may ask for some', async () => {
    const id = await complete('demo/echo');
    expect(await rate({ id, score: 1 }, keys.other)).toMatchObject({
      completion: null,
      errors: [{ code: 'NOT_FOUND', path: ['input', 'id'] }],
    });
    const { refused } = await rate({ id, score: 1 }, keys.reader);
    expect(refused?.[0]?.extensions['code']).toBe('FORBIDDEN');
    expect(await ratingsOf(id)).toEqual([]);
  });

  it('waits until the completion is over', async () => {
    const client = await connect(gateway().url, { authorization: `Bearer ${ADMIN_KEY}` });
    const query =
      'subscription { completionStream(input: { model: "demo/silent", source: { text: "hi" } }) { completionId } }';
    client.subscribe('1', { query });
    const { data } = (await client.next('1')).payload as {
      data: { completionStream: { completionId: string } };
    };
    const id = data.completionStream.completionId;
    expect((await rate({ id, score: 1 })).errors).toMatchObject([{ code: 'CONFLICT' }]);
    await cancel(gateway(), id);
    expect((await rate({ id, score: 1 })).errors).toEqual([]);
    client.ws.close();
    await client.closed;
  });

  it('is no change of a setting, so the audit has nothing of it', async () => {
    const id = await complete('demo/echo');
    await rate({ id, score: 1 });
    const { data } = await gateway().ask('{ auditEvents(first: 200) { nodes { action targetId } } }');
    expect(data.auditEvents.nodes.filter(({ targetId }: { targetId: string }) => targetId === id)).toEqual(
      [],
    );
  });

  it('is never in an answer from the cache', async () => {
    const query = `{ complete(input: { model: "demo/echo", source: { text: "kept?" } }, cache: { mode: READ_WRITE }) {
      completion { id ratings { score } }
    } }`;
    const id = async () => (await gateway().ask(query)).data.complete.completion.id;
    expect(await id()).not.toBe(await id());
  });
});

describe('what routes learn of it', () => {
  it('is the score of the target that led to the answer, on each route of the way', async () => {
    const inner = await route('demo/echo');
    const outer = await route(inner);
    await rate({ id: await complete(outer), score: 0.25 });
    expect(await learnedOf(gateway(), outer)).toMatchObject([{ name: inner, pulls: 1, feedback: 0.25 }]);
    expect(await learnedOf(gateway(), inner)).toMatchObject([{ name: 'demo/echo', feedback: 0.25 }]);
  });

  it('is nothing of a target that has failed before', async () => {
    const name = `rated-${(names += 1)}`;
    const targets = [{ model: 'demo/error', retries: 0 }, { model: 'demo/echo' }];
    await setRoute(gateway(), { name, targets });
    await rate({ id: await complete(name), score: 1 });
    expect(await learnedOf(gateway(), name)).toMatchObject([
      { name: 'demo/error', pulls: 1, feedback: null },
      { name: 'demo/echo', pulls: 1, feedback: 1 },
    ]);
  });

  it('is the first score of each key: the next one says the same thing anew', async () => {
    const name = await route('demo/echo');
    const id = await complete(name);
    const feedback = async () => (await learnedOf(gateway(), name))[0]?.feedback;
    for (const score of [0.25, 1, 1]) await rate({ id, score }, keys.caller);
    expect(await feedback()).toBe(0.25);
    await rate({ id, score: 0.75 });
    expect(await feedback()).toBeCloseTo(0.5, 2);
  });

  it('is nothing where a model was asked for', async () => {
    const name = await route('demo/echo');
    await complete(name);
    await rate({ id: await complete('demo/echo'), score: 1 });
    expect(await learnedOf(gateway(), name)).toMatchObject([{ pulls: 1, feedback: null }]);
  });
});
