import { expect, it } from 'vitest';
import { compileSchema } from '../../src/lib/json-schema.ts';

it('holds each value to its own pattern', () => {
  const fits = compileSchema({
    properties: { word: { pattern: '^[a-z]+$' }, number: { pattern: '^[0-9]+$' } },
  });
  expect(fits({ word: 'abc', number: '123' })).toBeUndefined();
  expect(fits({ word: '123' })).toMatch(/word must match pattern/);
  expect(fits({ number: 'abc' })).toMatch(/number must match pattern/);
});
