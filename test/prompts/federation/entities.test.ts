import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../../access/support/keys.ts';
import { addOrganisation, HASHING_SECRET } from '../../access/support/organisation.ts';
import { DEFAULTS } from '../../support/defaults.ts';
import { useGateway } from '../../support/gateway.ts';
import { toldIn } from '../../response-cache/support/reads.ts';
import { listSettled } from '../fields/support.ts';
import { createVersion, publish, saying, setLabel } from '../support.ts';
import { bound, SUMMARY } from './support.ts';

const gateway = useGateway({
  variables: { SLUICE_SECRET: HASHING_SECRET },
  config: { limits: { ...DEFAULTS.limits, operationCost: 1_500 } },
});
let key: MadeKey;

const ENTITIES = `query ($of: [_Any!]!) { entities: _entities(representations: $of) {
  __typename
  ... on Ticket { id headline summary { title urgency } }
} }`;
const HEADLINES =
  'query ($of: [_Any!]!) { entities: _entities(representations: $of) { ... on Ticket { headline } } }';
const ticket = (id: string, more: object = {}) => ({
  __typename: 'Ticket',
  id,
  title: `Door ${id}`,
  body: 'shut',
  ...more,
});
const tickets = (count: number) => Array.from({ length: count }, (_, at) => ticket(String(at)));

beforeAll(async () => {
  await publish(gateway(), 'summarize-ticket', bound('summary', SUMMARY));
  await publish(gateway(), 'title-ticket', bound('headline'));
  await createVersion(gateway(), {
    slug: 'title-ticket',
    version: bound('headline', { messages: [{ role: 'USER', template: 'New: {{ title }} {{ body }}' }] }),
  });
  await setLabel(gateway(), { slug: 'title-ticket', label: 'staging', version: 2 });
});
beforeEach(async () => {
  key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
});

const ask = (query: string, of: readonly object[], headers: Record<string, string> = {}) =>
  gateway().ask(query, { of }, { key: key.secret, headers });

describe('entities of another subgraph', () => {
  it('are answered beside our own, in order', async () => {
    const { data } = await ask(ENTITIES, [
      ticket('1'),
      { __typename: 'Team', id: 'team_default' },
      ticket('2'),
      { __typename: 'Model', id: 'mdl_none/none' },
    ]);
    const answered = (id: string) => ({
      __typename: 'Ticket',
      id,
      headline: `Door ${id}: shut`,
      summary: { title: expect.stringContaining('Door'), urgency: 'LOW' },
    });
    expect(data.entities).toEqual([answered('1'), { __typename: 'Team' }, answered('2'), null]);
  });

  it('that give the same values are asked once', async () => {
    const of = [ticket('1'), ticket('2', { title: 'Door 1' }), ticket('3', { title: 'Gate' })];
    const { data } = await ask(
      'query ($of: [_Any!]!) { entities: _entities(representations: $of) { ... on Ticket { headline again: headline } } }',
      of,
    );
    expect(data.entities.map(({ headline }: { headline: string }) => headline)).toEqual([
      'Door 1: shut',
      'Door 1: shut',
      'Gate: shut',
    ]);
    expect(await listSettled(gateway(), key.id)).toHaveLength(2);
  });

  it('fail each by itself', async () => {
    const of = [ticket('1'), ticket('2', { title: 3 }), ticket('3', { body: undefined }), ticket('4')];
    const { data, errors } = await ask(HEADLINES, of);
    expect(data.entities).toEqual([
      { headline: 'Door 1: shut' },
      { headline: null },
      { headline: null },
      { headline: 'Door 4: shut' },
    ]);
    expect(errors).toMatchObject([
      {
        path: ['entities', 1, 'headline'],
        message: expect.stringMatching(/^Ticket\.headline: title must be a STRING/),
        extensions: { code: 'INVALID_INPUT' },
      },
      { path: ['entities', 2, 'headline'], extensions: { code: 'INVALID_INPUT' } },
    ]);
  });

  it('are answered by the version of the label that is asked for', async () => {
    const { data } = await ask(HEADLINES, [ticket('1')], { 'x-sluice-prompt-label': 'staging' });
    expect(data.entities).toEqual([{ headline: 'New: Door 1 shut' }]);
  });

  it('need the scope of completions', async () => {
    key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    const { data, errors } = await ask(HEADLINES, [ticket('1')]);
    expect(data.entities).toEqual([{ headline: null }]);
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining('Ticket.headline needs the scope COMPLETIONS_WRITE'),
        extensions: { code: 'FORBIDDEN' },
      },
    ]);
  });

  it('cost what their completions cost', async () => {
    expect((await ask(HEADLINES, tickets(20))).errors).toBeUndefined();
    expect((await ask(HEADLINES, tickets(40))).errors).toMatchObject([
      { extensions: { code: 'QUERY_TOO_EXPENSIVE' } },
    ]);
    expect((await ask(ENTITIES, tickets(20))).errors).toMatchObject([
      { extensions: { code: 'QUERY_TOO_EXPENSIVE' } },
    ]);
    expect(await listSettled(gateway(), key.id)).toHaveLength(20);
  });

  it('are refused without their key', async () => {
    const { errors } = await ask(HEADLINES, [ticket('1'), { __typename: 'Ticket', title: 'Door' }]);
    expect(errors).toMatchObject([
      {
        path: ['entities'],
        message: expect.stringMatching(/^representations\.1 must be .* of one of .*Ticket/),
        extensions: { code: 'INVALID_INPUT', issues: [{ path: ['representations', '1'] }] },
      },
    ]);
  });

  it('are nothing to another organisation', async () => {
    const other = await addOrganisation(gateway(), 'Other');
    const { errors } = await gateway().ask(
      'query ($of: [_Any!]!) { entities: _entities(representations: $of) { __typename } }',
      { of: [ticket('1')] },
      { key: other.admin.secret },
    );
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
  });
});

describe('an answer that may be given again', () => {
  it('is asked anew for entities, and given again as a field of its own', async () => {
    await publish(gateway(), 'keep', bound('kept', { cacheSeconds: 60 }));
    const own = '{ ai { keep(title: "Gate", body: "open") { result errors { code } } } }';
    for (const told of [{ didCache: true }, { hit: true }]) {
      const { data, extensions } = await gateway().ask(own, undefined, { key: key.secret });
      expect(data.ai.keep.result).toBe('Gate: open');
      expect(toldIn({ extensions })).toMatchObject(told);
    }
    const query =
      'query ($of: [_Any!]!) { entities: _entities(representations: $of) { ... on Ticket { kept } } }';
    for (const _ of [1, 2])
      expect((await ask(query, [ticket('1')])).data).toEqual({ entities: [{ kept: 'Door 1: shut' }] });
    expect(await listSettled(gateway(), key.id)).toHaveLength(3);
  });
});

describe('a batch', () => {
  const count = async (status: string) => {
    const { sql } = gateway().gateway.database;
    const [row] = await sql`
      SELECT count(*)::int AS count FROM completions WHERE key_id = ${key.id} AND status = ${status}`;
    return row?.['count'] as number;
  };

  it('runs eight at a time, and ends with whoever asked', async () => {
    await publish(gateway(), 'wait', bound('wait', { model: 'demo/silent' }));
    const query =
      'query ($of: [_Any!]!) { entities: _entities(representations: $of) { ... on Ticket { wait } } }';
    const leaving = new AbortController();
    const asked = gateway().ask(query, { of: tickets(20) }, { key: key.secret, signal: leaving.signal });
    await expect.poll(() => count('RUNNING')).toBe(8);
    leaving.abort();
    await expect(asked).rejects.toThrow('aborted');
    await expect.poll(() => count('RUNNING')).toBe(0);
    expect(await count('CANCELLED')).toBe(8);
  });
});

describe('variables', () => {
  it('may be lists of scalars and keys, and stay at their defaults where there is nothing', async () => {
    const variables = [
      { name: 'number', type: 'STRING' },
      { name: 'tags', type: 'LIST', schema: { type: 'array', items: { type: 'string' } } },
      { name: 'tone', type: 'STRING', default: 'calm' },
    ];
    const mapped = [
      { variable: 'number', field: 'sku' },
      { variable: 'tags', field: 'tags' },
      { variable: 'tone', field: 'tone' },
    ];
    await publish(
      gateway(),
      'tag-product',
      saying('{{ number }} {{ tags | join: "," }} {{ tone }}', {
        variables,
        entity: { typeName: 'Product', key: 'sku', keyType: 'String!', field: 'advert', variables: mapped },
      }),
    );
    const product = { __typename: 'Product', sku: 'p-1', tags: ['new', 'red'] };
    const { data, errors } = await ask(
      'query ($of: [_Any!]!) { entities: _entities(representations: $of) { ... on Product { advert } } }',
      [product, { ...product, sku: 'p-2', tone: null }, { ...product, sku: 'p-3', tone: 'loud' }],
    );
    expect(errors).toBeUndefined();
    expect(data.entities.map(({ advert }: { advert: string }) => advert)).toEqual([
      'p-1 new,red calm',
      'p-2 new,red calm',
      'p-3 new,red loud',
    ]);
  });
});
