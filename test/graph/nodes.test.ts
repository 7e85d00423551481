import { beforeAll, describe, expect, it, test } from 'vitest';
import { schema } from '../../src/graph/schema.ts';
import { grant } from '../access-requests/support.ts';
import { makeKey } from '../access/support/keys.ts';
import { raiseAlert } from '../alerts/support/alerts.ts';
import { addUser } from '../access/support/users.ts';
import { useGateway } from '../support/gateway.ts';

const gateway = useGateway();
const CREATE = `mutation {
  completionCreate(input: { model: "demo/expensive", source: { text: "hi" } }) { completion { id } }
}`;
const NODE = 'query ($id: ID!) { node(id: $id) { __typename id } }';

/** One id of each type that is a Node. */
const known: Record<string, string> = {};

beforeAll(async () => {
  await gateway().ask(CREATE);
  const alert = await raiseAlert(gateway().gateway);
  const detail = { measure: 'SPEND', observed: '10', expected: '1', deviation: '45.0', hour: new Date(0) };
  const anomaly = await raiseAlert(gateway().gateway, { kind: 'ANOMALY', detail });
  const end = { model: 'demo/echo', sunsetAt: new Date(0), days: 7, requests: '3' };
  const sunset = await raiseAlert(gateway().gateway, { kind: 'MODEL_SUNSET', detail: end });
  const verdict = await raiseAlert(gateway().gateway, { kind: 'EXPERIMENT_DECIDED', detail: {} });
  await gateway().ask(`mutation {
    budgetSet(input: { subjectId: "team_default", limit: "1000", window: TOTAL }) { budget { id } }
  }`);
  const caller = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
  const granted = await grant(gateway(), caller.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
  await gateway().ask(`mutation {
    limitSet(input: { scope: TEAM, subjectId: "team_default", unit: CONCURRENT, max: 1000 }) { limit { id } }
    operationRegister(input: { text: "query A { viewer { scopes } }" }) { operation { id } }
    datasetSet(input: { name: "cases", cases: [{ variables: {} }] }) { dataset { id } }
    routeSet(input: { name: "fast", strategy: PRIORITY, targets: [{ model: "demo/echo" }] }) { route { id } }
    promptPartialSet(input: { name: "tone", template: "Be kind." }) { partial { id } }
    promptCreate(input: { slug: "greet", version: { messages: [{ role: USER, template: "Hi" }] } }) { prompt { id } }
    promptLabelProtect(label: "production", protected: true) { labels }
    promptLabelSet(input: { slug: "greet", label: "production", version: 1 }) { labelRequest { id } }
    evaluationStart(input: { prompt: "greet", model: "demo/echo", dataset: "cases", graders: [{ exact: {} }] }) { errors { code } }
  }`);
  const { data } = await gateway().ask(`{
    viewer { key { id } team { id } organisation { id } }
    accessRequests { nodes { id } }
    completions { nodes { id model { id price { id } } } }
    ledger { nodes { id } }
    providers { id }
    budgets { nodes { id } }
    limits { nodes { id } }
    auditEvents { nodes { id } }
    operations { nodes { id } }
    route(name: "fast") { id }
    prompt(slug: "greet") { id version { id } }
    promptLabelRequests { nodes { id } }
    promptPartials { nodes { id } }
    dataset(name: "cases") { id cases { nodes { id } } }
    evaluations { nodes { id } }
  }`);
  const {
    viewer,
    accessRequests,
    completions,
    ledger,
    providers,
    budgets,
    limits,
    auditEvents,
    operations,
    route,
    prompt,
    promptLabelRequests,
    promptPartials,
    dataset,
    evaluations,
  } = data;
  Object.assign(known, {
    AccessGrant: granted,
    AccessRequest: accessRequests.nodes[0].id,
    Anomaly: `anom_${anomaly}`,
    ApiKey: viewer.key.id,
    AuditEvent: auditEvents.nodes[0].id,
    Budget: budgets.nodes[0].id,
    BudgetAlert: `alert_${alert}`,
    TrialAlert: `verdict_${verdict}`,
    Completion: completions.nodes[0].id,
    Dataset: dataset.id,
    DatasetCase: dataset.cases.nodes[0].id,
    Evaluation: evaluations.nodes[0].id,
    LedgerEntry: ledger.nodes[0].id,
    Limit: limits.nodes[0].id,
    Model: completions.nodes[0].model.id,
    Organisation: viewer.organisation.id,
    Operation: operations.nodes[0].id,
    Price: completions.nodes[0].model.price.id,
    Prompt: prompt.id,
    PromptLabelRequest: promptLabelRequests.nodes[0].id,
    PromptPartial: promptPartials.nodes[0].id,
    PromptVersion: prompt.version.id,
    Provider: providers[0].id,
    Role: 'role_CALLER',
    Route: route.id,
    SunsetAlert: `sunset_${sunset}`,
    Team: viewer.team.id,
    User: await addUser(gateway(), 'Ann'),
  });
});

const GARBAGE = [
  ['nothing', ''],
  ['a word', 'hello'],
  ['a prefix', 'cmpl_'],
  ['an unknown prefix', 'nobody_00000000000000000000000000'],
  ['a user that does not exist', 'user_00000000000000000000000000'],
  ['a role that does not exist', 'role_BOSS'],
  ['an organisation that does not exist', 'org_00000000000000000000000000'],
  ['an id that nothing has', 'cmpl_00000000000000000000000000'],
  ['an id that is too long', 'cmpl_000000000000000000000000000'],
  ['an id in capitals', 'CMPL_00000000000000000000000000'],
  ['a model that does not exist', 'mdl_demo/none'],
  ['a price that does not exist', 'price_00000000000000000000000000'],
  ['a provider that does not exist', 'prov_none'],
  ['an entry that does not exist', 'ent_999999999999999999'],
  ['an entry beyond 64 bits', 'ent_99999999999999999999'],
  ['an entry that is no number', 'ent_1e3'],
  ['the name of a property of every object', 'mdl___proto__'],
  ['another such name as the prefix', 'constructor_x'],
  ['a route that does not exist', 'route_00000000000000000000000000'],
  ['SQL', "cmpl_' OR ''='"],
  ['a NUL', 'cmpl_\0'],
  ['a NUL at the end of an id', 'key_00000000000000000000000000\0'],
  ['a lone surrogate', 'cmpl_\ud800'],
  ['10,000 characters', `cmpl_${'0'.repeat(10_000)}`],
  ['a line break', 'cmpl_\n'],
] as const;

test('there is an example of each type that is a Node', () => {
  const node = schema.getType('Node');
  const types = node && 'getInterfaces' in node ? schema.getPossibleTypes(node as never) : [];
  expect(types.map(({ name }) => name).toSorted()).toEqual(Object.keys(known).toSorted());
});

describe('a global id', () => {
  it('gives back its node, with the same id', async () => {
    for (const [typename, id] of Object.entries(known)) {
      const { data } = await gateway().ask(NODE, { id });
      expect(data.node).toEqual({ __typename: typename, id });
    }
  });

  it.each(GARBAGE)('that is %s finds nothing', async (_, id) => {
    expect(await gateway().ask(NODE, { id })).toEqual({ data: { node: null } });
  });
});

describe('nodes', () => {
  it('answers in the order of the ids, with null for what is not there', async () => {
    const ids = Object.values(known).flatMap((id, at) => [id, GARBAGE[at]?.[1] ?? '']);
    const { data } = await gateway().ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
    expect(data.nodes.map((node: { id: string } | null) => node?.id ?? null)).toEqual(
      Object.values(known).flatMap((id) => [id, null]),
    );
    const reversed = ids.toReversed();
    const again = await gateway().ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: reversed });
    expect(again.data.nodes).toEqual(data.nodes.toReversed());
  });

  it('answers the same id twice where it is asked twice', async () => {
    const ids = [known['Completion'], known['Completion']];
    const { data } = await gateway().ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
    expect(data.nodes).toEqual(ids.map((id) => ({ id })));
  });
});

describe('_entities', () => {
  const ENTITIES =
    'query ($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Node { id } } }';

  it('resolves each entity by its key, in order', async () => {
    const of = ['Team', 'ApiKey', 'Model', 'Completion'].map((__typename) => ({
      __typename,
      id: known[__typename],
    }));
    expect(await gateway().ask(ENTITIES, { of })).toEqual({ data: { _entities: of } });
  });

  it('answers null for what is not there', async () => {
    const of = [
      { __typename: 'Completion', id: 'cmpl_00000000000000000000000000' },
      { __typename: 'Model', id: 'mdl_none/none' },
      { __typename: 'Team', id: known['Completion'] },
    ];
    expect(await gateway().ask(ENTITIES, { of })).toEqual({ data: { _entities: [null, null, null] } });
  });

  it.each([
    ['no object', 3],
    ['no type', { id: 'x' }],
    ['a type that is no entity', { __typename: 'Viewer', id: 'x' }],
    ['a type that does not exist', { __typename: 'User', id: 'x' }],
    ['no id', { __typename: 'Model' }],
    ['an id that is no string', { __typename: 'Model', id: 3 }],
  ])('refuses %s as the fault of whoever asks', async (_, representation) => {
    const of = [{ __typename: 'Model', id: known['Model'] }, representation];
    const { errors } = await gateway().ask(ENTITIES, { of });
    expect(errors).toMatchObject([
      {
        path: ['_entities'],
        extensions: { code: 'INVALID_INPUT', issues: [{ path: ['representations', '1'] }] },
      },
    ]);
  });
});
