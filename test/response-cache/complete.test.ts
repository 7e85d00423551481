import { beforeEach, describe, expect, it } from 'vitest';
import { askAs, makeKey, type MadeKey } from '../access/support/keys.ts';
import { TRANSPORTS } from '../server/support/client.ts';
import { useGateway } from '../support/gateway.ts';
import { COMPLETE, HIT, kept, NOT_KEPT, say, toldIn } from './support/reads.ts';

const gateway = useGateway();
let key: MadeKey;
beforeEach(async () => {
  key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
});

async function ask(cache: object | null | undefined, input: object = say('hello'), query = COMPLETE) {
  const answer = await gateway().ask(query, { input, cache }, { key: key.secret });
  const { completion, errors } = answer.data?.complete ?? {};
  return { ...answer, id: completion?.id as string, errors: answer.errors ?? errors, told: toldIn(answer) };
}

/** The completions that the key was charged for. */
async function listSettled(): Promise<string[]> {
  const rows = await gateway().gateway.database.sql<{ id: string }[]>`
    SELECT e.completion_id AS id FROM ledger_entries e JOIN completions c ON c.id = e.completion_id
    WHERE c.key_id = ${key.id} AND e.kind = 'SETTLE' ORDER BY e.id`;
  return rows.map(({ id }) => id);
}

describe('complete', () => {
  it.each([undefined, null, { mode: 'OFF' }])(
    'calls the model each time with the cache %j',
    async (cache) => {
      const answers = [await ask(cache), await ask(cache)];
      expect(answers.map(({ told }) => told)).toEqual([undefined, undefined]);
      expect(await listSettled()).toEqual(answers.map(({ id }) => id));
      expect(new Set(await listSettled()).size).toBe(2);
    },
  );

  it.each([{}, { mode: 'READ_WRITE' }, { mode: null, maxAgeSeconds: null }, { maxAgeSeconds: 60 }])(
    'asked twice with %j is one completion and one charge',
    async (cache) => {
      const first = await ask(cache);
      const second = await ask(cache);
      expect(first.told).toEqual(kept('maxAgeSeconds' in cache && cache.maxAgeSeconds ? 60_000 : 3_600_000));
      expect(second.told).toEqual(HIT);
      expect(second.data).toEqual(first.data);
      expect(await listSettled()).toEqual([first.id]);
    },
  );

  it('reads what is there and keeps nothing with READ', async () => {
    const before = [await ask({ mode: 'READ' }), await ask({ mode: 'READ' })];
    expect(before.map(({ told }) => told)).toEqual([NOT_KEPT, NOT_KEPT]);
    const stored = await ask({ mode: 'READ_WRITE' });
    const read = await ask({ mode: 'READ', maxAgeSeconds: 86_400 });
    expect(read).toMatchObject({ id: stored.id, told: HIT });
    expect(await listSettled()).toEqual([...before, stored].map(({ id }) => id));
  });

  it('asks anew and keeps the new one with REFRESH', async () => {
    const first = await ask({});
    const fresh = await ask({ mode: 'REFRESH' });
    expect(fresh.told).toEqual(kept(3_600_000));
    expect(await ask({})).toMatchObject({ id: fresh.id, told: HIT });
    expect(await listSettled()).toEqual([first.id, fresh.id]);
  });

  it('does not take an answer that is older than is wished', async () => {
    const first = await ask({});
    await expect
      .poll(async () => (await ask({ mode: 'READ', maxAgeSeconds: 1 })).id, { timeout: 30_000 })
      .not.toBe(first.id);
    expect(await ask({})).toMatchObject({ id: first.id, told: HIT });
  });

  it('takes the wish from the text of the operation as it does from its variables', async () => {
    const written = COMPLETE.replace(', $cache: CacheInput', '').replace(
      'cache: $cache',
      'cache: { maxAgeSeconds: 7 }',
    );
    const first = await ask(undefined, say('written'), written);
    expect(first.told).toEqual(kept(7_000));
    expect(await ask({}, say('written'))).toMatchObject({ id: first.id, told: HIT });
    const parts = COMPLETE.replace('$cache: CacheInput', '$mode: CacheMode').replace(
      'cache: $cache',
      'cache: { mode: $mode }',
    );
    expect(await ask(undefined, say('written'), parts)).toMatchObject({ id: first.id, told: HIT });
  });

  it.each([0, -1, 86_401])('refuses an age of %j seconds', async (maxAgeSeconds) => {
    await ask({});
    const { id, errors, told } = await ask({ maxAgeSeconds });
    expect({ id, told }).toEqual({ id: undefined, told: undefined });
    expect(errors).toEqual([
      {
        code: 'INVALID_INPUT',
        message: `cache.maxAgeSeconds is ${maxAgeSeconds}; it must be from 1 to 86400`,
        path: ['cache', 'maxAgeSeconds'],
      },
    ]);
  });

  it('is another question with another input', async () => {
    const first = await ask({}, say('one'));
    const others = [say('two'), say('one', 'demo/assistant'), { ...say('one'), endUserId: 'ann' }];
    for (const input of others) expect(await ask({}, input)).toMatchObject({ told: kept(3_600_000) });
    expect(await ask({}, { source: { text: 'one' }, model: 'demo/echo' })).toMatchObject({
      id: first.id,
      told: HIT,
    });
  });
});

describe('what is never kept', () => {
  it.each(['demo/cut', 'demo/nothing-of-that-name'])(
    'a completion of %s, which fails, also where its errors are not asked for',
    async (model) => {
      const query = COMPLETE.replace('errors { code message path }', '');
      const answers = [await ask({}, say('hi', model), query), await ask({}, say('hi', model), query)];
      expect(answers.map(({ told }) => told)).toEqual([NOT_KEPT, NOT_KEPT]);
    },
  );

  it('an answer with errors', async () => {
    key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    for (let time = 0; time < 2; time++) {
      const { errors, told } = await ask({});
      expect(errors?.[0]?.extensions?.['code']).toBe('FORBIDDEN');
      expect(told).toEqual(NOT_KEPT);
    }
  });

  it('an operation that asks beside for what has no time', async () => {
    const query = COMPLETE.replace('complete(', 'viewer { scopes } complete(');
    const answers = [await ask({}, say('beside'), query), await ask({}, say('beside'), query)];
    expect(answers.map(({ told }) => told)).toEqual([NOT_KEPT, NOT_KEPT]);
    expect(await listSettled()).toHaveLength(2);
  });

  it('an operation with another completion that is not wished from the cache', async () => {
    const both = COMPLETE.replace(
      'complete(',
      'other: complete(input: $input) { completion { id } } complete(',
    );
    const wished = both.replace(
      'other: complete(input: $input)',
      'other: complete(input: $input, cache: {})',
    );
    expect((await ask({}, say('both'), wished)).told).toEqual(kept(3_600_000));
    expect((await ask({}, say('both'), both)).told).toBeUndefined();
    expect(await listSettled()).toHaveLength(4);
  });

  it('an answer that shows what changes with every request', async () => {
    const query = COMPLETE.replace('text', 'text team { budgets { id } keys { totalCount } }');
    const answers = [await ask({}, say('team'), query), await ask({}, say('team'), query)];
    expect(answers.map(({ told }) => told)).toEqual([NOT_KEPT, NOT_KEPT]);
  });

  it('a huge answer', async () => {
    const input = say('a'.repeat(300_000));
    const answers = [await ask({}, input), await ask({}, input)];
    expect(answers.map(({ errors }) => errors)).toEqual([[], []]);
    expect(answers.map(({ told }) => told)).toEqual([NOT_KEPT, NOT_KEPT]);
  });
});

describe('a model’s JSON', () => {
  it('of nested lists neither holds up the process nor is taken for entities', async () => {
    const query = COMPLETE.replace('text', 'object');
    const text = `${'{"__typename":"Budget","__responseCacheId":"1","a":['.repeat(60)}1${']}'.repeat(60)}`;
    const input = { ...say(text), output: { jsonSchema: { type: 'object' } } };
    for (const told of [kept(3_600_000), HIT]) {
      const answer = await ask({}, input, query);
      expect(answer.errors).toEqual([]);
      expect(JSON.stringify(answer.data.complete.completion.object)).toBe(text);
      expect(answer.told).toEqual(told);
    }
  });
});

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('a completion is answered with one that came over another', async () => {
    const first = await ask({}, say('across'));
    const operation = { query: COMPLETE, variables: { input: say('across'), cache: { mode: 'READ' } } };
    const answer = await askAs(`Bearer ${key.secret}`, transport, gateway().url, operation);
    expect(answer.data).toEqual(first.data);
    expect(toldIn(answer)).toEqual(HIT);
    expect(await listSettled()).toEqual([first.id]);
  });
});
