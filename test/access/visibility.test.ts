import { beforeAll, describe, expect, it } from 'vitest';
import type { Scope } from '../../src/domain/principal.ts';
import { useGateway, type TestGateway } from '../support/gateway.ts';
import type { MadeKey } from './support/keys.ts';
import { addKey, addTeam, HASHING_SECRET } from './support/organisation.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const CREATE = `mutation {
  completionCreate(input: { model: "demo/expensive", source: { text: "hi" } }) { completion { id } }
}`;
const SEEN = `query ($ids: [ID!]!) {
  completions { nodes { id } totalCount }
  nodes(ids: $ids) { id }
  viewer { team { id name keys { nodes { id } totalCount } } }
}`;
const MONEY = `query ($from: DateTime!) {
  ledger(filter: { kind: [SETTLE] }) { nodes { completion { id } } totalCount }
  usage(range: { from: $from }) { total { requests } }
}`;
const EVER = { from: '2020-01-01T00:00:00Z' };

/** A key, and the one completion that it made; empty for one that makes none. */
type Holder = MadeKey & { made: string };

/** Those of two teams. */
const holders = new Map<string, Holder>();
let teams: { red: string; blue: string };

beforeAll(async () => {
  teams = {
    red: await addTeam(gateway(), 'org_default', 'red'),
    blue: await addTeam(gateway(), 'org_default', 'blue'),
  };
  const members: [string, Scope[]][] = [
    ['caller', ['COMPLETIONS_WRITE']],
    ['other caller', ['COMPLETIONS_WRITE']],
    ['reader', ['USAGE_READ']],
    ['manager', ['KEYS_WRITE']],
  ];
  for (const team of ['red', 'blue'] as const) {
    for (const [name, scopes] of members) {
      const owner = { organisationId: 'org_default', teamId: teams[team], name };
      const key = await addKey(gateway(), owner, scopes);
      const { data } = scopes.includes('COMPLETIONS_WRITE') ? await ask(key, CREATE) : {};
      holders.set(`${team} ${name}`, { ...key, made: data?.completionCreate.completion.id ?? '' });
    }
  }
});

function holder(name: string): Holder {
  const found = holders.get(name);
  if (!found) throw new Error(`nobody is ${name}`);
  return found;
}

function ask({ secret }: MadeKey, query: string, variables?: object): ReturnType<TestGateway['ask']> {
  return gateway().ask(query, variables, { key: secret });
}

const madeBy = (...names: string[]) => names.map((name) => holder(name).made).toSorted();
const idsOf = (nodes: { id: string }[]) => nodes.map(({ id }) => id).toSorted();

/** What somebody sees, asking for everything there is. */
async function look(who: MadeKey) {
  const everything = [...holders.values()].flatMap(({ id, made }) => (made ? [id, made] : [id]));
  const { data } = await ask(who, SEEN, { ids: [...everything, teams.red, teams.blue] });
  const { completions, nodes, viewer } = data;
  const found: string[] = nodes.flatMap((node: { id: string } | null) => node?.id ?? []);
  expect(completions.totalCount).toBe(completions.nodes.length);
  expect(viewer.team.keys.totalCount).toBe(viewer.team.keys.nodes.length);
  return {
    completions: idsOf(completions.nodes),
    found: found.toSorted(),
    team: viewer.team.name,
    keys: idsOf(viewer.team.keys.nodes),
  };
}

describe('a key that calls models', () => {
  it('sees itself, its team and its own completions only', async () => {
    const caller = holder('red caller');
    expect(await look(caller)).toEqual({
      completions: [caller.made],
      found: [caller.id, caller.made, teams.red].toSorted(),
      team: 'red',
      keys: [caller.id],
    });
  });

  it('cannot attach to or cancel what another key of its team has started', async () => {
    const { made: id } = holder('red other caller');
    const cancel = 'mutation ($id: ID!) { completionCancel(id: $id) { completion { id } errors { code } } }';
    const { data } = await ask(holder('red caller'), cancel, { id });
    expect(data.completionCancel).toEqual({ completion: null, errors: [{ code: 'NOT_FOUND' }] });
    const client = gateway().socket({ key: holder('red caller').secret });
    const query = `subscription ($id: ID!) { completionEvents(id: $id) {
      __typename ... on CompletionFailed { errors { code } }
    } }`;
    const events = await Array.fromAsync(client.iterate({ query, variables: { id } }));
    expect(events).toEqual([
      { data: { completionEvents: { __typename: 'CompletionFailed', errors: [{ code: 'NOT_FOUND' }] } } },
    ]);
  });
});

describe('a key that reads usage', () => {
  it('sees its whole team and nothing of another', async () => {
    const made = madeBy('red caller', 'red other caller');
    const keys = idsOf(['caller', 'other caller', 'reader', 'manager'].map((name) => holder(`red ${name}`)));
    expect(await look(holder('red reader'))).toEqual({
      completions: made,
      found: [...made, ...keys, teams.red].toSorted(),
      team: 'red',
      keys,
    });
  });

  it('reads the ledger and the usage of its team', async () => {
    const { data } = await ask(holder('blue reader'), MONEY, EVER);
    const booked = idsOf(data.ledger.nodes.map((entry: { completion: { id: string } }) => entry.completion));
    expect(booked).toEqual(madeBy('blue caller', 'blue other caller'));
    expect(data.ledger.totalCount).toBe(2);
    expect(data.usage.total.requests).toBe(2);
  });

  it('finds nothing of another team by naming it', async () => {
    const query = `query ($team: ID!, $key: ID!, $from: DateTime!) {
      completions(filter: { teamId: $team }) { totalCount }
      ledger(filter: { keyId: $key }) { totalCount }
      usage(range: { from: $from }, filter: { teamId: $team }) { total { requests } }
    }`;
    const variables = { team: teams.blue, key: holder('blue caller').id, ...EVER };
    const { data } = await ask(holder('red reader'), query, variables);
    expect(data).toEqual({
      completions: { totalCount: 0 },
      ledger: { totalCount: 0 },
      usage: { total: { requests: 0 } },
    });
  });
});

describe('a key that manages keys', () => {
  it('sees the keys of its team, and completions of its own only', async () => {
    const keys = idsOf(['caller', 'other caller', 'reader', 'manager'].map((name) => holder(`red ${name}`)));
    expect(await look(holder('red manager'))).toEqual({
      completions: [],
      found: [...keys, teams.red].toSorted(),
      team: 'red',
      keys,
    });
  });

  it('can neither make nor end keys of another team', async () => {
    const create = `mutation ($teamId: ID!) {
      answer: keyCreate(input: { name: "x", scopes: [KEYS_WRITE], teamId: $teamId }) { secret errors { code } }
    }`;
    const refused = { secret: null, errors: [{ code: 'NOT_FOUND' }] };
    const manager = holder('red manager');
    expect((await ask(manager, create, { teamId: teams.blue })).data.answer).toEqual(refused);
    expect((await ask(manager, create, { teamId: teams.red })).data.answer.errors).toEqual([]);
    const { id } = holder('blue manager');
    for (const field of ['keyRotate', 'keyRevoke']) {
      const query = `mutation ($id: ID!) { answer: ${field}(id: $id) { key { id } errors { code } } }`;
      const { data } = await ask(manager, query, { id });
      expect(data.answer).toEqual({ key: null, errors: [{ code: 'NOT_FOUND' }] });
    }
  });
});

describe('an admin', () => {
  it('sees all teams of the organisation', async () => {
    const query = `query ($ids: [ID!]!, $from: DateTime!) {
      completions { nodes { id } }
      usage(range: { from: $from }, groupBy: [TEAM]) { groups { key { value } totals { requests } } }
      nodes(ids: $ids) { ... on Team { name keys { totalCount } } }
    }`;
    const { data } = await gateway().ask(query, { ids: [teams.red, teams.blue], ...EVER });
    expect(idsOf(data.completions.nodes)).toEqual(
      madeBy('red caller', 'red other caller', 'blue caller', 'blue other caller'),
    );
    expect(data.usage.groups).toHaveLength(2);
    for (const { totals } of data.usage.groups) expect(totals.requests).toBe(2);
    expect(data.nodes).toEqual([
      { name: 'red', keys: { totalCount: 5 } },
      { name: 'blue', keys: { totalCount: 4 } },
    ]);
  });

  it('makes keys for any team of the organisation', async () => {
    const query = `mutation ($teamId: ID!) {
      keyCreate(input: { name: "x", scopes: [COMPLETIONS_WRITE], teamId: $teamId }) { key { team { name } } }
    }`;
    const { data } = await gateway().ask(query, { teamId: teams.blue });
    expect(data.keyCreate.key.team).toEqual({ name: 'blue' });
  });
});
