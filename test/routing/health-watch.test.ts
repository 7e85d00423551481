import { expect, it } from 'vitest';
import { createHealth } from '../../src/routing/health.ts';
import type { CallEnd } from '../../src/routing/model-health.ts';
import { watchHealth } from '../../src/routing/health-watch.ts';

function watched(models?: string[]) {
  const health = createHealth({ monotonicMs: () => 0 });
  const call = (model: string, kind: CallEnd['kind'], times = 1) => {
    for (let index = 0; index < times; index += 1) {
      health.begin(model);
      health.end(model, { kind, latencyMs: undefined, retryAfterMs: undefined });
    }
  };
  const ended = new AbortController();
  const told = watchHealth(health, (model) => models?.includes(model) ?? true, ended.signal);
  const next = async () => {
    const { value } = await told.next();
    return value && `${value.model} ${value.state}`;
  };
  return { call, next, told, end: () => ended.abort(new Error('the reader has left')) };
}

it('tells a slow reader what holds when it comes, and nothing of what was in between', async () => {
  const { call, next } = watched();
  const first = next();
  call('a/x', 'OK');
  expect(await first).toBe('a/x HEALTHY');
  call('b/y', 'OK');
  call('b/y', 'FAILED', 5);
  call('a/x', 'FAILED', 1);
  call('a/x', 'OK', 50);
  call('c/z', 'OK');
  expect([await next(), await next()]).toEqual(['b/y DOWN', 'c/z HEALTHY']);
});

it('tells of those models only that were asked for', async () => {
  const { call, next } = watched(['b/y']);
  const first = next();
  call('a/x', 'OK');
  call('b/y', 'OK');
  expect(await first).toBe('b/y HEALTHY');
});

it('ends with its reader', async () => {
  const { next, end } = watched();
  const first = next();
  end();
  await expect(first).rejects.toThrow('the reader has left');
});
