import { describe, expect, it } from 'vitest';
import { planRoute } from '../../src/routing/plan.ts';
import { depsOf, requestOf, routeOf, triedOf, type TargetInput } from './support/worlds.ts';

describe('STICKY', () => {
  const names = Array.from({ length: 5 }, (_, index) => `a/m${index}`);
  const users = Array.from({ length: 500 }, (_, index) => `user-${index}`);
  const placeUsers = (targets: TargetInput[]) => {
    const deps = depsOf({ routes: [routeOf('fast', 'STICKY', targets)] });
    return users.map((endUserId) => triedOf(planRoute(deps, requestOf({ endUserId })))[0]);
  };

  it('keeps an end user with one target, whatever is asked', () => {
    const deps = depsOf({ routes: [routeOf('fast', 'STICKY', names)] });
    const asked = ['one', 'two', 'three'].map((text) =>
      triedOf(planRoute(deps, requestOf({ endUserId: 'anna', source: { text } }))),
    );
    expect(asked[1]).toEqual(asked[0]);
    expect(asked[2]).toEqual(asked[0]);
  });

  it('spreads end users over all', () => {
    const placed = placeUsers(names);
    for (const name of names) {
      expect(placed.filter((model) => model === name).length).toBeGreaterThan(users.length / 10);
    }
  });

  it('moves nobody but those of a target that goes away', () => {
    const before = placeUsers(names);
    const after = placeUsers(names.slice(1));
    const moved = users.filter((_, index) => before[index] !== after[index]);
    expect(moved).toEqual(users.filter((_, index) => before[index] === names[0]));
  });

  it('moves the end users of a target that rests, and brings them back afterwards', () => {
    const known = { restingMs: { [names[0]!]: 1_000 } };
    const before = placeUsers(names);
    const deps = depsOf({ routes: [routeOf('fast', 'STICKY', names)], known });
    const meanwhile = users.map((endUserId) => triedOf(planRoute(deps, requestOf({ endUserId })))[0]);
    expect(users.filter((_, index) => before[index] !== meanwhile[index])).toEqual(
      users.filter((_, index) => before[index] === names[0]),
    );
    expect(placeUsers(names)).toEqual(before);
  });

  it('gives each its share of the end users', () => {
    const placed = placeUsers([
      { model: 'a/big', weight: 4 },
      { model: 'a/small', weight: 1 },
    ]);
    expect(placed.filter((model) => model === 'a/big').length / users.length).toBeCloseTo(0.8, 1);
  });

  it('keeps a conversation with one target while it goes on', () => {
    const route = routeOf('fast', 'STICKY', names, { stickyBy: 'CONVERSATION' });
    const deps = depsOf({ routes: [route] });
    const say = (role: 'USER' | 'ASSISTANT' | 'SYSTEM', text: string) => ({ role, parts: [{ text }] });
    const opening = (topic: string) => [say('SYSTEM', 'Be kind.'), say('USER', topic)];
    const place = (messages: ReturnType<typeof opening>, endUserId?: string) =>
      triedOf(planRoute(deps, requestOf({ source: { messages }, endUserId })))[0];
    const longer = [...opening('bread'), say('ASSISTANT', 'Gladly.'), say('USER', 'And rye?')];
    expect(place(longer)).toBe(place(opening('bread')));
    expect(place(longer, 'anna')).toBe(place(longer, 'bert'));
    const placed = new Set(users.map((topic) => place(opening(topic))));
    expect(placed.size).toBe(names.length);
  });
});
