import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useConfigDirectory } from './config-directory.ts';

const { load, pathOf, problemsOf } = useConfigDirectory();
const TEXT = 'query A { viewer { scopes } }';
const FILE = 'operations: { mode: trusted, files: [./documents.json] }';

describe('operations', () => {
  it('are read from manifests', () => {
    const documents = { [`sha256:${hash('sha256', TEXT)}`]: TEXT, 'build-7': TEXT };
    writeFileSync(pathOf('documents.json'), JSON.stringify(documents));
    expect(load({}, FILE).operations).toEqual({ mode: 'trusted', documents });
  });

  it.each([
    ['not there', undefined, 'does not exist'],
    ['no JSON', '{', 'is no JSON'],
    ['no map', '["query A { a }"]', 'must be a map'],
    ['with a hash that is another’s', `{"sha256:${'0'.repeat(64)}":"${TEXT}"}`, 'not the hash of its text'],
  ])('whose manifest is %s are told', (_, content, message) => {
    if (content !== undefined) writeFileSync(pathOf('documents.json'), content);
    expect(problemsOf({}, FILE)).toEqual([expect.stringContaining(message)]);
  });
});

it.each([
  ['network: { allowPrivate: [10.0.0.1] }', 'network.allowPrivate.0'],
  ['network: { allowPrivate: [10.0.0.0/33] }', 'network.allowPrivate.0'],
  ['operations: { mode: strict }', 'operations.mode'],
  ['introspection: maybe', 'introspection'],
  ['limits: { socketsPerKey: 0 }', 'limits.socketsPerKey'],
])('%s is told by its place', (yaml, place) => {
  expect(problemsOf({}, yaml)).toEqual([expect.stringContaining(place)]);
});

it('in production the schema is for those with a key, unless said otherwise', () => {
  const SLUICE_ENV = 'production';
  const secrets = { SLUICE_SECRET: '9f2c71d08be64a35c1f7e2098d4b6a53' };
  expect(load({ SLUICE_ENV, ...secrets }).introspection).toBe('keys');
  expect(load({ SLUICE_ENV, ...secrets }, 'introspection: public').introspection).toBe('public');
});
