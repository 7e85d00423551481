import { beforeAll, describe, expect, it, test } from 'vitest';
import { SCOPES, type Scope } from '../../src/domain/principal.ts';
import { TRANSPORTS } from '../server/support/client.ts';
import { useGateway } from '../support/gateway.ts';
import { askAs, makeKey } from './support/keys.ts';
import { listRootFields, ROOT_FIELDS, SILENT_FIELDS } from './support/root-fields.ts';

const gateway = useGateway();
const NARROW = SCOPES.filter((scope) => scope !== 'ADMIN' && scope !== 'OWNER');
/** By scope: a key that has every scope but this one (and ADMIN and OWNER, which imply it). */
const without = new Map<Scope, string>();
/** By scope: a key that has nothing but this one. */
const only = new Map<Scope, string>();

beforeAll(async () => {
  for (const scope of SCOPES) {
    const others = NARROW.filter((other) => other !== scope);
    without.set(scope, (await makeKey(gateway(), { scopes: others })).secret);
    only.set(scope, (await makeKey(gateway(), { scopes: [scope] })).secret);
  }
});

const guarded = Object.entries(ROOT_FIELDS).flatMap(([field, { needs, query }]) =>
  needs ? [{ field, needs, query }] : [],
);
const open = Object.entries(ROOT_FIELDS).flatMap(([field, { needs, query }]) =>
  needs ? [] : [{ field, query }],
);

test('each field that an operation can begin with stands in the table of scopes', () => {
  expect(Object.keys(ROOT_FIELDS).toSorted()).toEqual(listRootFields());
});

describe.each(TRANSPORTS)('over %s', (transport) => {
  const ask = (key: string | undefined, query: string) =>
    askAs(`Bearer ${key}`, transport, gateway().url, { query });
  const isPossible = ({ field }: { field: string }) => transport !== 'HTTP' || !isSubscription({ field });

  it.each(guarded.filter(isPossible))('refuses $field without $needs', async ({ field, needs, query }) => {
    const { data, errors } = await ask(without.get(needs), query);
    expect(Object.values(data ?? {}).filter((value) => value !== null)).toEqual([]);
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining(field),
        path: [field.split('.')[1]],
        extensions: { code: 'FORBIDDEN' },
      },
    ]);
  });

  it('answers each of them to a key that has this scope alone', async () => {
    for (const { field, needs, query } of guarded.filter(isPossible)) {
      if (SILENT_FIELDS.includes(field)) continue;
      expect(await ask(only.get(needs), query), field).not.toHaveProperty('errors');
    }
  });

  it('answers the other fields to every key', async () => {
    for (const { field, query } of open.filter(isPossible)) {
      if (SILENT_FIELDS.includes(field)) continue;
      for (const [scope, secret] of only)
        expect(await ask(secret, query), `${field} with ${scope}`).not.toHaveProperty('errors');
    }
  });
});

it('implies all other scopes in ADMIN', async () => {
  for (const { field, query } of guarded.filter((each) => !isSubscription(each)))
    expect(await gateway().ask(query, {}, { key: only.get('ADMIN') ?? '' }), field).not.toHaveProperty(
      'errors',
    );
});

function isSubscription({ field }: { field: string }): boolean {
  return field.startsWith('Subscription.');
}
