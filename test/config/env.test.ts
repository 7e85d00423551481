import { expect, it } from 'vitest';
import { toEnvironment } from '../../src/config/env.ts';

it('an environment is a copy of the variables that are set, and does not change any more', () => {
  const variables: Record<string, string | undefined> = { A: '1', EMPTY: '', BLANK: '  ', GONE: undefined };
  const environment = toEnvironment(variables, '/srv');
  variables['A'] = '2';
  expect(environment).toEqual({ lookup: { A: '1' }, directory: '/srv' });
  expect(Object.isFrozen(environment) && Object.isFrozen(environment.lookup)).toBe(true);
});
