import { describe, expect, it } from 'vitest';
import { createAnswerStore, type Answer } from '../../src/plugins/response-cache/store.ts';

function answer(
  entities: string[] = ['Model'],
  data: unknown = { ok: true },
  organisationId = 'org_1',
): Answer {
  return { data, organisationId, entities: new Set(entities) };
}
const HOUR_MS = 3_600_000;

describe('the store of answers', () => {
  it('keeps at most 5,000, the latest', () => {
    const store = createAnswerStore();
    for (let at = 0; at < 6_000; at++) store.keep(`k${at}`, answer(), { ttlMs: HOUR_MS, since: 0 });
    const found = Array.from({ length: 6_000 }, (_, at) => store.find(`k${at}`)).filter(Boolean);
    expect(found).toHaveLength(5_000);
    expect(store.find('k5999')).toBeDefined();
  });

  it('keeps at most 32 million characters, and none of more than 256,000', () => {
    const store = createAnswerStore();
    const text = 'x'.repeat(250_000);
    for (let at = 0; at < 200; at++) store.keep(`k${at}`, answer([], { text }), { ttlMs: HOUR_MS, since: 0 });
    const found = Array.from({ length: 200 }, (_, at) => store.find(`k${at}`)).filter(Boolean);
    expect(found.length).toBeGreaterThan(100);
    expect(found.length * text.length).toBeLessThan(32_000_000);
    expect(store.keep('huge', answer([], { text: text + text }), { ttlMs: HOUR_MS, since: 0 })).toBe(false);
    expect(store.find('huge')).toBeUndefined();
  });

  it('lets go of what a change concerns, and of nothing else', () => {
    const store = createAnswerStore();
    const keep = (key: string, ...of: Parameters<typeof answer>) =>
      store.keep(key, answer(...of), { ttlMs: HOUR_MS, since: store.moment() });
    keep('one', ['ApiKey', 'ApiKey:1']);
    keep('two', ['ApiKey', 'ApiKey:2']);
    keep('foreign', ['ApiKey', 'ApiKey:1'], {}, 'org_2');
    store.change({ organisationId: 'org_1', entities: ['ApiKey:1'] });
    expect(['one', 'two', 'foreign'].map((key) => store.find(key) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
    store.change({ organisationId: 'org_1', entities: undefined });
    expect(['two', 'foreign'].map((key) => store.find(key) !== undefined)).toEqual([false, true]);
    store.change({ organisationId: undefined, entities: ['ApiKey'] });
    expect(store.find('foreign')).toBeUndefined();
  });

  it('keeps nothing that has changed since it was begun, nor what was begun too long ago to know', () => {
    const store = createAnswerStore();
    const since = store.moment();
    store.change({ organisationId: 'org_1', entities: ['Model'] });
    expect(store.keep('changed', answer(['Model']), { ttlMs: HOUR_MS, since })).toBe(false);
    expect(store.keep('other', answer(['Provider']), { ttlMs: HOUR_MS, since })).toBe(true);
    expect(store.keep('later', answer(['Model']), { ttlMs: HOUR_MS, since: store.moment() })).toBe(true);
    for (let at = 0; at < 2_000; at++) store.change({ organisationId: 'org_2', entities: ['Team'] });
    expect(store.keep('old', answer(['Provider']), { ttlMs: HOUR_MS, since })).toBe(false);
  });
});
