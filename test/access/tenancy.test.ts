import { beforeAll, describe, expect, it, onTestFinished, test } from 'vitest';
import type { AlertKind } from '../../src/domain/alert.ts';
import { raiseAlert } from '../alerts/support/alerts.ts';
import { restShortly } from '../routes/support.ts';
import { connect, type Result } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { askAs } from './support/keys.ts';
import { addKey, addOrganisation, HASHING_SECRET, type Tenant } from './support/organisation.ts';
import { listRootFields } from './support/root-fields.ts';
import {
  listAsked,
  listConnectionFields,
  listConnectionParts,
  listFilters,
  listIdInputs,
  listNodeTypes,
} from './support/schema-walk.ts';
import { askForAccess, bothAsk, type Asking } from './support/tenancy-access.ts';
import type { Case, Foreign } from './support/tenancy-case.ts';
import { CREATE, IDEMPOTENCY_KEY, IN_COMMON, listCases, SHARED_TYPES } from './support/tenancy-cases.ts';
import { COMMON_ROLE } from './support/tenancy-cases-of-people.ts';
import { evaluateOther, setAll, setPrompts, setRole } from './support/tenancy-settings.ts';
import { addMember, addUser } from './support/users.ts';

/** Stands in every text of the other organisation, so that whatever leaks is seen. */
const MARK = 'OtherTenant';
const STREAM = `subscription ($input: CompletionInput!, $key: String) {
  completionStream(input: $input, idempotencyKey: $key) { completionId __typename }
}`;
const FOREIGN_INPUT = { ...IN_COMMON, source: { text: `${MARK} asks` } };

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
let other: Tenant & Asking;

beforeAll(async () => {
  const tenant = await addOrganisation(gateway(), MARK);
  const { organisationId, teamId } = tenant;
  const caller = await addKey(gateway(), { organisationId, teamId, name: MARK }, ['COMPLETIONS_WRITE']);
  other = { ...tenant, caller, mark: MARK };
});

const askOther = (query: string, variables?: object) =>
  gateway().ask(query, variables, { key: other.admin.secret });

describe('the walk goes through', () => {
  const nothing: Foreign = {
    nodes: { Team: [''] },
    done: '',
    running: '',
    teamId: '',
    keyId: '',
    userId: '',
    budgetId: '',
    requestId: '',
    grantId: '',
    labelRequestId: '',
    evaluationId: '',
    auditedRequests: [],
    role: '',
    ourUserId: '',
    ourKeyId: '',
  };
  const cases = listCases(nothing);
  const asked = listAsked(Object.values(cases).map(({ query }) => query));

  test('each field that an operation can begin with', () => {
    expect(Object.keys(cases).toSorted()).toEqual(listRootFields());
  });

  test.each<[string, string[]]>([
    ['each list with pages', listConnectionFields()],
    ['what such a list tells', listConnectionParts()],
    ['each member of each filter', listFilters()],
    ['each place that takes an id', listIdInputs()],
  ])('%s', (_, names) => {
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !asked.has(name))).toEqual([]);
  });
});

test('an admin of one organisation who names all of another finds nothing and changes nothing', async () => {
  const { data } = await askOther(CREATE, { input: FOREIGN_INPUT, key: IDEMPOTENCY_KEY });
  await gateway().ask(CREATE, { input: { ...IN_COMMON, source: { text: 'we ask' } } });
  const { id: running, leave } = await startSilent();
  const foreign = await describeOther({ done: data.completionCreate.completion.id, running });
  const ids = Object.values(foreign.nodes).flat();
  const { data: found } = await askOther('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
  expect(found.nodes).toEqual(ids.map((id) => ({ id })));
  const before = await askOther(EVERYTHING, foreign);
  for (const [field, { answer, ...operation }] of readsFirst(listCases(foreign))) {
    const transport = field.startsWith('Subscription.') ? 'WS' : 'HTTP';
    const asked = askAs(`Bearer ${ADMIN_KEY}`, transport, gateway().url, operation);
    const happen = {
      'Subscription.accessRequestChanged': () => bothAsk(gateway(), other),
      'Subscription.usageTicks': bothSettle,
      'Subscription.alertRaised': bothAreTold,
      'Subscription.healthChanged': () => restShortly(gateway(), 'demo/slow'),
    }[field];
    const result = happen ? await whileIt(happen, asked) : await asked;
    const { extensions: _, ...told } = result;
    expect.soft(told, field).toEqual({ data: answer });
    expect.soft(JSON.stringify(result), field).not.toContain(MARK);
  }
  expect(await askOther(EVERYTHING, foreign)).toEqual(before);
  expect(before.data).toMatchObject({
    completion: { status: 'RUNNING' },
    users: { totalCount: 1 },
    accessRequests: { totalCount: 1 },
    grant: { endedAt: null },
    model: { access: { via: 'the organisation wants to be asked first' } },
  });
  // What was answered of the model is from memory.
  const { sql } = gateway().gateway.database;
  const listed = await sql`SELECT name FROM ask_first WHERE organisation_id = ${other.organisationId}`;
  expect([...listed]).toEqual([{ name: 'demo/slow' }]);
  await leave();
});

it('hears nothing of another organisation, however live it is', async () => {
  const query = 'subscription ($filter: UsageFilter) { usageTicks(everyMs: 100, filter: $filter) { at } }';
  const heard: unknown[] = [];
  const client = gateway().socket();
  for (const filter of [{ teamId: other.teamId }, { keyId: other.admin.id }]) {
    const stop = client.subscribe(
      { query, variables: { filter } },
      { next: (tick) => heard.push(tick), error: (error) => heard.push(error), complete: () => {} },
    );
    onTestFinished(stop);
  }
  const own = client.iterate({ query });
  for (let ticks = 0; ticks < 3; ticks += 1) {
    const tick = await whileIt(bothSettle, own.next() as Promise<IteratorResult<Result>>);
    expect(tick.value).toHaveProperty('data.usageTicks.at');
  }
  expect(heard).toEqual([]);
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

const EVERYTHING = `query ($running: ID!, $grantId: ID!) {
  viewer { organisation { name } key { id name revokedAt } team { name } }
  teams { nodes { name keys { nodes { id name revokedAt } totalCount } } totalCount }
  users { nodes { name disabledAt memberships { nodes { team { name } role { name } } } } totalCount }
  roles { name scopes }
  budgets { nodes { id limit { amount } deletedAt } totalCount }
  model(name: "demo/slow") { access { via } price { rates { amount { amount } } } }
  accessRequests(status: PENDING) { nodes { id status } totalCount }
  grant: node(id: $grantId) { ... on AccessGrant { endedAt } }
  completion(id: $running) { status }
  datasets { nodes { name version caseCount } totalCount }
  evaluations { nodes { status counts { done } } totalCount }
  promptLabelRequirements { label setAt }
  routes { nodes { name version versions { totalCount } } totalCount }
  prompts { nodes { slug folder labels { name version { number } } versions { totalCount } } totalCount }
  promptLabelRequests { nodes { status } }
  promptPartials { nodes { name version } }
  promptProtectedLabels
}`;

/** All that the other organisation has; of each type of node at least one. */
async function describeOther(completions: { done: string; running: string }): Promise<Foreign> {
  const { organisationId, teamId, admin, caller } = other;
  const role = `${MARK}-role`;
  for (const name of [role, COMMON_ROLE]) await setRole(askOther, name);
  const userId = await addUser(gateway(), MARK, organisationId);
  await addMember(gateway(), { userId, role, teamId, organisationId });
  const ourUserId = await addUser(gateway(), 'Ours');
  await addMember(gateway(), { userId: ourUserId, role: 'CALLER' });
  const { budgetId, ...set } = await setAll(askOther, { teamId, mark: MARK });
  const { labelRequestId, ...prompts } = await setPrompts(askOther, MARK);
  const { evaluationId } = await evaluateOther(askOther);
  const { data } = await gateway().ask('{ viewer { key { id } } }');
  const { pending: requestId, granted, grantId } = await askForAccess(gateway(), other);
  const nodes: Foreign['nodes'] = {
    AccessGrant: [grantId],
    AccessRequest: [requestId, granted],
    Anomaly: [`anom_${await raiseTheirs()}`],
    ApiKey: [admin.id, caller.id],
    Budget: [budgetId],
    BudgetAlert: [`alert_${await raiseTheirs('BUDGET_THRESHOLD')}`],
    SunsetAlert: [`sunset_${await raiseTheirs('MODEL_SUNSET')}`],
    Completion: Object.values(completions),
    Dataset: [set.datasetId],
    DatasetCase: [set.caseId],
    Evaluation: [evaluationId],
    LedgerEntry: await listTheirs('ledger'),
    Limit: [set.limitId],
    Operation: [set.operationId],
    Organisation: [organisationId],
    Price: [set.priceId],
    Prompt: prompts.promptIds,
    PromptLabelRequest: [labelRequestId],
    PromptPartial: prompts.partialIds,
    PromptVersion: prompts.versionIds,
    Role: [`role_${role}`],
    Route: set.routeIds,
    Team: [teamId],
    TrialAlert: [`verdict_${await raiseTheirs('CANARY_ROLLED_BACK')}`],
    User: [userId],
  };
  nodes['AuditEvent'] = await listTheirs('auditEvents');
  expect(Object.keys(nodes).toSorted()).toEqual(
    listNodeTypes()
      .filter((type) => !SHARED_TYPES.includes(type))
      .toSorted(),
  );
  for (const [type, ids] of Object.entries(nodes)) expect(ids.length, type).toBeGreaterThan(0);
  const keyId = admin.id;
  return {
    ...completions,
    nodes,
    teamId,
    keyId,
    userId,
    budgetId,
    requestId,
    grantId,
    labelRequestId,
    evaluationId,
    auditedRequests: await listTheirs('auditEvents', 'requestId'),
    role,
    ourUserId,
    ourKeyId: data.viewer.key.id,
  };
}

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

async function listTheirs(list: 'ledger' | 'auditEvents', field = 'id'): Promise<string[]> {
  const { data } = await askOther(`{ list: ${list} { nodes { told: ${field} } } }`);
  return data.list.nodes.map(({ told }: { told: string }) => told);
}

/** What the others do must not be in the answers of those that only read. */
function readsFirst(cases: Record<string, Case>): [field: string, Case][] {
  return ['Query', 'Mutation', 'Subscription'].flatMap((root) =>
    Object.entries(cases).filter(([field]) => field.startsWith(`${root}.`)),
  );
}

/** Lets it happen again and again until there is an answer. */
async function whileIt<T>(happens: () => Promise<unknown>, asked: Promise<T>): Promise<T> {
  let over = false;
  void asked.finally(() => (over = true));
  while (!over) await happens();
  return asked;
}

async function bothSettle(): Promise<void> {
  await askOther(CREATE, { input: FOREIGN_INPUT });
  await gateway().ask(CREATE, { input: { ...IN_COMMON, source: { text: 'we ask' } } });
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
