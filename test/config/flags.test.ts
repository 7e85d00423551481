import { describe, expect, it } from 'vitest';
import { useConfigDirectory } from './config-directory.ts';

const { load, problemsOf } = useConfigDirectory();

describe('flags', () => {
  it('come from nowhere unless said otherwise', () => {
    expect(load({}, '').flags).toEqual({ timeoutMs: 100, cacheMs: 5_000 });
  });

  it('come from a service, whose headers hold their secrets by reference', () => {
    const file = 'flags: { ofrep: { url: "https://flags.example.com", headers: { x-api-key: "${KEY}" } } }';
    expect(load({ KEY: 'hunter2' }, file).flags.ofrep).toEqual({
      url: 'https://flags.example.com',
      headers: { 'x-api-key': 'hunter2' },
    });
  });

  it('may stand in the file', () => {
    expect(load({}, 'flags: { static: { beta: true, new-model: false }, timeoutMs: 20 }').flags).toEqual({
      static: { beta: true, 'new-model': false },
      timeoutMs: 20,
      cacheMs: 5_000,
    });
  });

  it.each([
    ['two sources', '{ static: {}, ofrep: { url: "https://x" } }', 'flags has both "ofrep" and "static"'],
    ['a literal secret', '{ ofrep: { url: "https://x", headers: { x-api-key: a } } }', 'holds a secret'],
    ['no URL', '{ ofrep: { url: "flags" } }', 'must be a URL'],
    ['a flag that is neither true nor false', '{ static: { beta: 1 } }', 'flags.static.beta'],
    ['a strange name', '{ static: { "../beta": true } }', 'is no name of a flag'],
    ['no time', '{ timeoutMs: 0 }', 'flags.timeoutMs is 0'],
  ])('are refused with %s', (_, flags, problem) => {
    expect(problemsOf({}, `flags: ${flags}`).join('\n')).toContain(problem);
  });
});
