import { beforeAll, expect, it, test } from 'vitest';
import type { AlertKind } from '../../src/domain/alert.ts';
import { raiseAlert } from '../alerts/support/alerts.ts';
import { connect, type Result } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { askAs } from './support/keys.ts';
import { addOrganisation, HASHING_SECRET, type Tenant } from './support/organisation.ts';
import { listRootFields } from './support/root-fields.ts';
import { CREATE, IDEMPOTENCY_KEY, IN_COMMON, listCases, type Foreign } from './support/tenancy-cases.ts';

/** Stands in every text of the other organisation, so that whatever leaks is seen. */
const MARK = 'OtherTenant';
const STREAM = `subscription ($input: CompletionInput!, $key: String) {
  completionStream(input: $input, idempotencyKey: $key) { completionId __typename }
}`;
const FOREIGN_INPUT = { ...IN_COMMON, source: { text: `${MARK} asks` } };

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
let other: Tenant;

beforeAll(async () => {
  other = await addOrganisation(gateway(), MARK);
});

const askOther = (query: string, variables?: object) =>
  gateway().ask(query, variables, { key: other.admin.secret });

test('each field that an operation can begin with is walked', () => {
  const nothing = {
    done: '',
    running: '',
    entries: [],
    teamId: '',
    keyId: '',
    budgetId: '',
    alertId: '',
    anomalyId: '',
    priceId: '',
  };
  expect(Object.keys(listCases(nothing)).toSorted()).toEqual(listRootFields());
});

test('an admin of one organisation who names all of another finds nothing and changes nothing', async () => {
  const { data } = await askOther(CREATE, { input: FOREIGN_INPUT, key: IDEMPOTENCY_KEY });
  await gateway().ask(CREATE, { input: { ...IN_COMMON, source: { text: 'we ask' } } });
  const { id: running, leave } = await startSilent();
  const foreign: Foreign = {
    done: data.completionCreate.completion.id,
    running,
    entries: await listEntries(),
    teamId: other.teamId,
    keyId: other.admin.id,
    budgetId: await makeBudget(),
    alertId: `alert_${await raiseTheirs('BUDGET_THRESHOLD')}`,
    anomalyId: `anom_${await raiseTheirs()}`,
    priceId: await setTheirPrice(),
  };
  for (const [field, { answer, ...operation }] of Object.entries(listCases(foreign))) {
    const transport = field.startsWith('Subscription.') ? 'WS' : 'HTTP';
    const asked = askAs(`Bearer ${ADMIN_KEY}`, transport, gateway().url, operation);
    const happen = { 'Subscription.usageTicks': bothSettle, 'Subscription.alertRaised': bothAreTold }[field];
    const result = happen ? await whileIt(happen, asked) : await asked;
    const { extensions: _, ...told } = result;
    expect.soft(told, field).toEqual({ data: answer });
    expect.soft(JSON.stringify(result), field).not.toContain(MARK);
  }
  expect(await askOther(EVERYTHING, { running })).toMatchObject({
    data: {
      viewer: { key: { revokedAt: null }, team: { keys: { totalCount: 1 } } },
      completion: { status: 'RUNNING' },
    },
  });
  await leave();
});

it('shows each organisation its own in the same fields', async () => {
  const { data } = await askOther(`{
    completions { totalCount nodes { id key { name } team { name } } }
    ledger { totalCount nodes { id team { name } } }
    usage(range: { from: "2020-01-01T00:00:00Z" }) { total { requests } }
  }`);
  expect(data.completions.totalCount).toBeGreaterThan(0);
  expect(data.ledger.totalCount).toBeGreaterThan(0);
  expect(data.usage.total.requests).toBe(data.completions.totalCount);
  for (const { key, team } of data.completions.nodes) expect([key.name, team.name]).toEqual([MARK, MARK]);
  const ids: string[] = [...data.completions.nodes, ...data.ledger.nodes].map(({ id }) => id);
  const found = await askOther('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
  expect(found.data.nodes).toEqual(ids.map((id) => ({ id })));
});

const EVERYTHING = `query ($running: ID!) {
  viewer { key { revokedAt } team { keys { totalCount } } }
  completion(id: $running) { status }
}`;

/** A completion of the other organisation that goes on until it is left. */
async function startSilent() {
  const client = await connect(gateway().url, { authorization: `Bearer ${other.admin.secret}` });
  const input = { ...FOREIGN_INPUT, model: 'demo/silent' };
  client.subscribe('1', { query: STREAM, variables: { input } });
  type Started = { data: { completionStream: { completionId: string } } };
  const { data } = (await client.next('1')).payload as Started;
  const { completionId: id } = data.completionStream;
  const leave = async () => {
    client.ws.close();
    await client.closed;
  };
  return { id, leave };
}

async function makeBudget(): Promise<string> {
  const { data } = await askOther(
    'mutation ($id: ID!) { budgetSet(input: { subjectId: $id, limit: "1", window: DAY }) { budget { id } } }',
    { id: other.teamId },
  );
  return data.budgetSet.budget.id;
}

async function setTheirPrice(): Promise<string> {
  const { data } = await askOther(`mutation {
    priceSet(input: { model: "demo/slow", rates: [{ unit: REQUEST, amount: "1" }] }) { price { id } }
  }`);
  return data.priceSet.price.id;
}

async function listEntries(): Promise<string[]> {
  const { data } = await askOther('{ ledger { nodes { id } } }');
  return data.ledger.nodes.map(({ id }: { id: string }) => id);
}

/** Lets it happen again and again until there is an answer. */
async function whileIt(happens: () => Promise<unknown>, asked: Promise<Result>): Promise<Result> {
  let over = false;
  void asked.finally(() => (over = true));
  while (!over) await happens();
  return asked;
}

async function bothSettle(): Promise<void> {
  await askOther(CREATE, { input: FOREIGN_INPUT });
  await gateway().ask(CREATE, { input: { model: 'demo/echo', source: { text: 'we ask' } } });
}

async function bothAreTold(): Promise<void> {
  await raiseTheirs();
  await raiseAlert(gateway().gateway);
  await new Promise((resolve) => setTimeout(resolve, 20));
}

function raiseTheirs(kind: AlertKind = 'ANOMALY'): Promise<string> {
  const { organisationId } = other;
  return raiseAlert(gateway().gateway, { organisationId, kind, detail: { message: MARK } });
}
