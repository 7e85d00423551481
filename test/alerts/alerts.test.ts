import { beforeAll, describe, expect, it } from 'vitest';
import type { MadeKey } from '../access/support/keys.ts';
import {
  addKey,
  addOrganisation,
  addTeam,
  HASHING_SECRET,
  type Tenant,
} from '../access/support/organisation.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { raiseAlert } from './support/alerts.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const LIST = `{ alerts { totalCount nodes { id kind at message __typename ... on BudgetAlert { threshold } } } }`;

/** By what they belong to: alerts as `alert_1`. */
const ids = { team: '', key: '', organisation: '', foreign: '' };
const keys: Record<string, MadeKey> = {};
let other: Tenant;

beforeAll(async () => {
  const team = await addTeam(gateway(), 'org_default', 'blue');
  const owner = { organisationId: 'org_default', teamId: team, name: 'of blue' };
  keys['reader'] = await addKey(gateway(), owner, ['USAGE_READ']);
  keys['caller'] = await addKey(gateway(), owner, ['COMPLETIONS_WRITE']);
  keys['other caller'] = await addKey(gateway(), owner, ['COMPLETIONS_WRITE']);
  other = await addOrganisation(gateway(), 'Other');
  const raise = async (changes: Parameters<typeof raiseAlert>[1]) =>
    `alert_${await raiseAlert(gateway().gateway, changes)}`;
  ids.organisation = await raise({});
  ids.team = await raise({ teamId: team, kind: 'BUDGET_EXCEEDED' });
  ids.key = await raise({ teamId: team, keyId: keys['caller'].id });
  ids.foreign = await raise({ organisationId: other.organisationId });
});

const secretOf = (name: string) => keys[name]?.secret ?? ADMIN_KEY;

async function seenBy(key: string): Promise<string[]> {
  const { data } = await gateway().ask(LIST, {}, { key });
  expect(data.alerts.totalCount).toBe(data.alerts.nodes.length);
  return data.alerts.nodes.map(({ id }: { id: string }) => id);
}

describe('the list of alerts', () => {
  it('shows an admin those of the organisation, newest first, with what they say', async () => {
    const { data } = await gateway().ask(LIST);
    const common = { __typename: 'BudgetAlert', at: expect.stringMatching(/Z$/) };
    const reached = {
      kind: 'BUDGET_THRESHOLD',
      message: '80 % of the budget is used: 8 of 10 USD',
      threshold: 80,
    };
    expect(data.alerts.nodes).toEqual([
      { ...common, ...reached, id: ids.key },
      {
        ...common,
        id: ids.team,
        kind: 'BUDGET_EXCEEDED',
        message: 'something did not fit into what the budget had left: 8 of 10 USD was used',
        threshold: null,
      },
      { ...common, ...reached, id: ids.organisation },
    ]);
  });

  it('shows others those of their team or key', async () => {
    expect(await seenBy(secretOf('reader'))).toEqual([ids.key, ids.team]);
    expect(await seenBy(secretOf('caller'))).toEqual([ids.key]);
    expect(await seenBy(secretOf('other caller'))).toEqual([]);
    expect(await seenBy(other.admin.secret)).toEqual([ids.foreign]);
  });

  it('has pages', async () => {
    const page = `query ($after: String) { alerts(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`;
    const first = (await gateway().ask(page)).data.alerts;
    expect(first).toMatchObject({
      nodes: [{ id: ids.key }, { id: ids.team }],
      pageInfo: { hasNextPage: true },
    });
    const second = (await gateway().ask(page, { after: first.pageInfo.endCursor })).data.alerts;
    expect(second).toMatchObject({ nodes: [{ id: ids.organisation }], pageInfo: { hasNextPage: false } });
    const { errors } = await gateway().ask(page, { after: 'nonsense' });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
  });

  it('has nodes, for those who may see them', async () => {
    const NODE = 'query ($id: ID!) { node(id: $id) { ... on BudgetAlert { id threshold } } }';
    const read = async (id: string, key: string) => (await gateway().ask(NODE, { id }, { key })).data.node;
    expect(await read(ids.key, secretOf('caller'))).toEqual({ id: ids.key, threshold: 80 });
    expect(await read(ids.key, secretOf('other caller'))).toBeNull();
    expect(await read(ids.foreign, ADMIN_KEY)).toBeNull();
  });

  it('tells admins, and nobody else, how far the webhooks are', async () => {
    const { sql } = gateway().gateway.database;
    await sql`
      INSERT INTO webhook_deliveries (alert_id, webhook, attempts, next_at, last_error)
      VALUES (${ids.key.slice('alert_'.length)}::text::bigint, 'ops', 2, now(), 'it answered 500')`;
    const query = `query ($id: ID!) { node(id: $id) { ... on Alert {
      deliveries { webhook attempts deliveredAt nextAt lastError } } } }`;
    const read = async (key: string) => (await gateway().ask(query, { id: ids.key }, { key })).data.node;
    expect(await read(ADMIN_KEY)).toEqual({
      deliveries: [
        {
          webhook: 'ops',
          attempts: 2,
          deliveredAt: null,
          nextAt: expect.stringMatching(/Z$/),
          lastError: 'it answered 500',
        },
      ],
    });
    expect(await read(secretOf('reader'))).toEqual({ deliveries: null });
  });
});

describe('alertRaised', () => {
  it('tells alerts live, to those who may see them', async () => {
    const query = 'subscription { alertRaised { id message __typename } }';
    const watch = (key: string) =>
      gateway().socket({ key }).iterate<{ alertRaised: { id: string } }>({ query });
    const [reader, stranger] = [watch(secretOf('reader')), watch(other.admin.secret)];
    const [seen, strange] = [reader.next(), stranger.next()];
    let both = false;
    void Promise.all([seen, strange]).then(() => (both = true));
    // A subscription tells nobody when it is open, so alerts are raised until there is a first one.
    const { id: ours } = (await gateway().ask('{ viewer { key { id } } }', {}, { key: secretOf('reader') }))
      .data.viewer.key;
    const { data } = await gateway().ask('{ viewer { team { id } } }', {}, { key: secretOf('reader') });
    // Where other transactions are open, those of before the subscription may be told as well.
    const mine = new Set([ids.team, ids.key]);
    const theirs = new Set([ids.foreign]);
    while (!both) {
      mine.add(`alert_${await raiseAlert(gateway().gateway, { teamId: data.viewer.team.id, keyId: ours })}`);
      theirs.add(`alert_${await raiseAlert(gateway().gateway, { organisationId: other.organisationId })}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const told = async (result: typeof seen) => (await result).value?.data?.alertRaised.id ?? '';
    expect(mine).toContain(await told(seen));
    expect(theirs).toContain(await told(strange));
    for (let more = 0; more < 3; more += 1) {
      const id = `alert_${await raiseAlert(gateway().gateway, { teamId: data.viewer.team.id })}`;
      mine.add(id);
      let next = await told(reader.next());
      while (next !== id) {
        expect(mine).toContain(next);
        next = await told(reader.next());
      }
    }
  });
});
