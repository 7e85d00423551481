import { expect, it } from 'vitest';
import { compileSchema } from '../../src/lib/json-schema.ts';

it('each pattern of a schema is a rule of its own', () => {
  const validate = compileSchema({
    properties: {
      code: { type: 'string', pattern: '^[A-Z]+$' },
      digits: { type: 'string', pattern: '^[0-9]+$' },
      again: { type: 'string', pattern: '^[A-Z]+$' },
    },
  });
  expect(validate({ code: 'AB', digits: '12', again: 'C' })).toBeUndefined();
  expect(validate({ code: 'ab' })).toBe('/code must match pattern "^[A-Z]+$"');
  expect(validate({ digits: 'AB' })).toBe('/digits must match pattern "^[0-9]+$"');
  expect(validate({ again: '1' })).toBe('/again must match pattern "^[A-Z]+$"');
});

it('a pattern that would keep the usual engine busy for hours is answered at once', () => {
  const validate = compileSchema({ type: 'string', pattern: '^(a+)+$' });
  expect(validate(`${'a'.repeat(5_000)}b`)).toBe('the value must match pattern "^(a+)+$"');
});
