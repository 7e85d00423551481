import { beforeAll, describe, expect, it } from 'vitest';
import type { AnomaliesConfig } from '../../src/config/config.ts';
import { findBrake, setBrake } from '../../src/ledger/budgets/brake.ts';
import { createAnomalyWatch, type AnomalyWatch } from '../../src/usage/anomalies/watch.ts';
import { addKey, addOrganisation, HASHING_SECRET, type Tenant } from '../access/support/organisation.ts';
import { complete } from '../budgets/support.ts';
import { useGateway } from '../support/gateway.ts';
import { addCaller, foldAll, pastHours, settlePast, type Owner } from './support/history.ts';

/** An hour of the past comes to 100,000 nano-USD, and an answer of `demo/expensive` to some millions. */
const CONFIG: AnomaliesConfig = {
  enabled: true,
  sensitivity: 8,
  brake: 'none',
  brakeMinutes: 60,
  minimumNanos: 1_000_000n,
};
const ASK = { model: 'demo/expensive', source: { text: 'Hi' }, params: { maxOutputTokens: 10 } };

const gateway = useGateway({
  variables: { SLUICE_SECRET: HASHING_SECRET },
  config: { anomalies: CONFIG },
});
let other: Tenant;
beforeAll(async () => {
  other = await addOrganisation(gateway(), 'Other');
});

/** Another instance, on the same database. */
function instanceWith(changes: Partial<AnomaliesConfig> = {}): AnomalyWatch {
  const { database, announceCommit } = gateway().gateway;
  const brakes = { find: findBrake, set: setBrake };
  return createAnomalyWatch({
    database,
    config: { ...CONFIG, ...changes },
    brakes,
    onRaised: announceCommit,
  });
}

const LIST = `{ anomalies(first: 200) { totalCount nodes {
  __typename id kind at message measure hour observed expected deviation team { id } key { id } brake { id }
} } }`;

interface AnomalyData {
  __typename: string;
  id: string;
  measure: string;
  observed: string;
  expected: string;
  deviation: number;
  hour: string;
  message: string;
  team: { id: string } | null;
  key: { id: string } | null;
  brake: { id: string } | null;
}

async function listAnomalies(key?: string): Promise<AnomalyData[]> {
  const { data } = await gateway().ask(LIST, {}, key === undefined ? {} : { key });
  expect(data.anomalies.totalCount).toBe(data.anomalies.nodes.length);
  return data.anomalies.nodes;
}

/** Those of one team and its keys, as `measure of key` and `measure of team`. */
async function anomaliesOf({ teamId }: Owner): Promise<string[]> {
  const mine = (await listAnomalies()).filter(({ team }) => team?.id === teamId);
  return mine.map(({ measure, key }) => `${measure} of ${key ? 'key' : 'team'}`).toSorted();
}

async function ask({ secret }: { secret: string }): Promise<void> {
  const { completion } = await complete(gateway(), ASK, { key: secret });
  expect(completion?.status).toBe('SUCCEEDED');
  await foldAll(gateway());
}

describe('an hour of unusual spend', () => {
  it('is told once of the key and once of its team, however many look and however often', async () => {
    const caller = await addCaller(gateway());
    await settlePast(gateway(), caller, pastHours(24));
    await gateway().gateway.anomalies.look();
    expect(await anomaliesOf(caller)).toEqual([]);
    await ask(caller);
    const instances = [gateway().gateway.anomalies, instanceWith(), instanceWith()];
    await Promise.all(instances.map((instance) => instance.look()));
    expect(await anomaliesOf(caller)).toEqual(['SPEND of key', 'SPEND of team']);
    await ask(caller);
    for (const instance of [...instances, instanceWith()]) expect(await instance.look()).toBe(0);
    expect(await anomaliesOf(caller)).toEqual(['SPEND of key', 'SPEND of team']);
  });

  it('says what was seen, what is usual and how far that is, also as an alert and as a node', async () => {
    const caller = await addCaller(gateway());
    await settlePast(gateway(), caller, pastHours(24));
    await ask(caller);
    await instanceWith().look();
    const found = (await listAnomalies()).find(({ key }) => key?.id === caller.keyId)!;
    expect(found).toMatchObject({
      __typename: 'Anomaly',
      id: expect.stringMatching(/^anom_\d+$/),
      kind: 'ANOMALY',
      measure: 'SPEND',
      expected: '0.0001',
      team: { id: caller.teamId },
      key: { id: caller.keyId },
      brake: null,
    });
    expect(Number(found.observed)).toBeGreaterThan(0.001);
    expect(found.deviation).toBeGreaterThan(8);
    expect(found.hour).toMatch(/:00:00\.000Z$/);
    expect(found.message).toContain(
      `the key ${caller.keyId}: $${found.observed} in the hour from ${found.hour}`,
    );
    const { data } = await gateway().ask(
      `query ($id: ID!) { node(id: $id) { id ... on Anomaly { measure deviation } }
        alerts(first: 200) { nodes { id kind message } } }`,
      { id: found.id },
    );
    expect(data.node).toEqual({ id: found.id, measure: 'SPEND', deviation: found.deviation });
    expect(data.alerts.nodes).toContainEqual({ id: found.id, kind: 'ANOMALY', message: found.message });
    const wrong = await gateway().ask('query ($id: ID!) { node(id: $id) { id } }', {
      id: found.id.replace('anom', 'alert'),
    });
    expect(wrong.data.node).toBeNull();
  });

  it.each([
    ['that always spends so much', pastHours(24, { costNanos: 10_000_000n })],
    ['that spends now more and now less', pastHours(24).map((hour) => wildly(hour.hoursAgo))],
    ['without a history', []],
    ['with a short history', pastHours(11)],
    ['whose history is older than a week', pastHours(24).map((hour) => ({ hoursAgo: hour.hoursAgo + 168 }))],
  ])('is not told of a key %s', async (_, past) => {
    const caller = await addCaller(gateway());
    await settlePast(gateway(), caller, past);
    await ask(caller);
    await instanceWith().look();
    expect(await anomaliesOf(caller)).toEqual([]);
  });

  it('is not told for tiny sums', async () => {
    const caller = await addCaller(gateway());
    await settlePast(gateway(), caller, [
      ...pastHours(24, { costNanos: 1n }),
      { hoursAgo: 0, costNanos: 900_000n },
    ]);
    await instanceWith().look();
    expect(await anomaliesOf(caller)).toEqual([]);
  });
});

function wildly(hoursAgo: number) {
  return { hoursAgo, costNanos: BigInt(hoursAgo % 10) * 1_000_000n };
}

describe('an hour of unusual requests', () => {
  it.each([
    ['larger', { tokens: 10_000 }, ['TOKENS_PER_REQUEST of key', 'TOKENS_PER_REQUEST of team']],
    ['failing', { failed: 15 }, ['ERRORS of key', 'ERRORS of team']],
    ['both', { tokens: 10_000, failed: 20 }, ['ERRORS of', 'TOKENS_PER_REQUEST of'].flatMap(ofBoth)],
    ['no more than before', {}, []],
  ])('%s', async (_, now, told) => {
    const caller = await addCaller(gateway());
    const free = { costNanos: 0n };
    await settlePast(gateway(), caller, [
      ...pastHours(14, { ...free, requests: 2 }),
      { ...free, ...now, hoursAgo: 0, requests: 20 },
    ]);
    await instanceWith().look();
    expect(await anomaliesOf(caller)).toEqual(told);
  });

  function ofBoth(measure: string): string[] {
    return [`${measure} key`, `${measure} team`];
  }
});

describe('anomalies', () => {
  it('are seen by admins, by readers of the team and by the key itself, and by nobody else', async () => {
    const caller = await addCaller(gateway());
    const foreigner = await addCaller(gateway(), other.organisationId);
    const past = [...pastHours(24), { hoursAgo: 0, costNanos: 10_000_000n }];
    await settlePast(gateway(), caller, past);
    await settlePast(gateway(), foreigner, past);
    await instanceWith().look();
    const reader = await addKey(gateway(), { ...caller, name: 'reader' }, ['USAGE_READ']);
    const colleague = await addKey(gateway(), { ...caller, name: 'colleague' }, ['COMPLETIONS_WRITE']);
    const stranger = await addCaller(gateway());
    const strangeReader = await addKey(gateway(), { ...stranger, name: 'reader' }, ['USAGE_READ']);
    const keysSeenBy = async (secret?: string) =>
      (await listAnomalies(secret)).map(({ key, team }) => key?.id ?? team?.id ?? '').toSorted();
    expect(await keysSeenBy(reader.secret)).toEqual([caller.keyId, caller.teamId].toSorted());
    expect(await keysSeenBy(caller.secret)).toEqual([caller.keyId]);
    for (const { secret } of [colleague, stranger, strangeReader])
      expect(await keysSeenBy(secret)).toEqual([]);
    expect(await keysSeenBy(other.admin.secret)).toEqual([foreigner.keyId, foreigner.teamId].toSorted());
    expect(await keysSeenBy()).not.toContain(foreigner.keyId);
    const [theirs] = await listAnomalies(other.admin.secret);
    const { data } = await gateway().ask('query ($id: ID!) { node(id: $id) { id } }', { id: theirs?.id });
    expect(data.node).toBeNull();
  });

  it('have pages', async () => {
    const page = `query ($after: String) { anomalies(first: 1, after: $after) {
      nodes { id } pageInfo { hasNextPage endCursor } } }`;
    const first = (await gateway().ask(page)).data.anomalies;
    const second = (await gateway().ask(page, { after: first.pageInfo.endCursor })).data.anomalies;
    const all = await listAnomalies();
    expect([...first.nodes, ...second.nodes].map(({ id }: { id: string }) => id)).toEqual(
      all.slice(0, 2).map(({ id }) => id),
    );
    const { errors } = await gateway().ask(page, { after: 'nonsense' });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
  });
});
