import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grant, request } from '../access-requests/support.ts';
import { makeKey } from '../access/support/keys.ts';
import { raiseAlert } from '../alerts/support/alerts.ts';
import { addMember, addUser } from '../access/support/users.ts';
import { createPrompt, createVersion, saying, setLabel } from '../prompts/support.ts';
import { restShortly, setRoute } from '../routes/support.ts';
import { ADMIN_KEY, useGateway, type TestGateway } from '../support/gateway.ts';
import { normalise } from './support/normalise.ts';
import { listOperations, type Operation } from './support/operations.ts';

const gateway = useGateway();
const operations = listOperations();

/** Those that only an admin may ask for. */
const OF_ADMINS =
  /^(team|member|user|role|route|model-access|model-alias|model-lifecycle|model-replace|limit|operation|organisation|prompt)s?\b/;

/**
 * What an operation finds: a key of its own that has asked for two completions, another key with a budget, and a user in
 * a team.
 */
interface Stage {
  key: string;
  secret: string;
  completion: string;
  otherKey: string;
  /** What the other key has asked for: one that is undecided, and one that was granted. */
  accessRequest: string;
  ownAccessRequest: string;
  grant: string;
  budget: string;
  team: string;
  user: string;
  limit: string;
}

describe('the example operations', () => {
  it('have all an expected result', () => {
    const without = operations.filter(({ result }) => !existsSync(result));
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  // After a wanted change: npx vitest run test/schema/operations.test.ts --update
  it.each(operations)('$name answers as expected', async (operation) => {
    const stage = await prepare(gateway());
    const answer = await run(gateway(), operation, stage);
    const text = `${JSON.stringify(normalise(answer), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(operation.result);
  });
});

async function prepare(on: TestGateway): Promise<Stage> {
  const { data } = await on.ask(`mutation {
    keyCreate(input: { name: "dashboard", scopes: [COMPLETIONS_WRITE, USAGE_READ, KEYS_WRITE, BUDGETS_WRITE, LEDGER_WRITE, AUDIT_READ, ACCESS_DECIDE] }) {
      key { id }
      secret
    }
    teamCreate(input: { name: "Search" }) { team { id } }
    roleSet(input: { name: "reviewer", scopes: [USAGE_READ, AUDIT_READ] }) { role { name } }
    other: keyCreate(input: { name: "web", scopes: [COMPLETIONS_WRITE] }) { key { id } secret }
  }`);
  const { key, secret } = data.keyCreate;
  const otherKey = data.other.key.id;
  const team = data.teamCreate.team.id;
  const user = await addUser(on, 'Ann');
  await addMember(on, { userId: user, teamId: team, role: 'ANALYST' });
  await setRoutes(on);
  await setPrompts(on);
  await complete(on, secret, 'demo/echo');
  const completion = await complete(on, secret, 'demo/expensive');
  const budget = await setBudget(on, otherKey);
  const wanted = { kind: 'SCOPE', targetId: 'USAGE_READ', reason: 'to see what we spend' };
  const { accessRequest } = await request(on, data.other.secret, wanted);
  return {
    key: key.id,
    secret,
    completion,
    otherKey,
    budget,
    limit: await setLimit(on, otherKey),
    team,
    user,
    accessRequest: accessRequest!.id,
    ownAccessRequest: (await request(on, secret, { ...wanted, targetId: 'ADMIN' })).accessRequest!.id,
    grant: await grant(on, data.other.secret, { kind: 'SCOPE', targetId: 'AUDIT_READ' }),
  };
}

/** One that leads to another, in its second version, and none that the operations before have left. */
async function setRoutes(on: TestGateway): Promise<void> {
  const { database, routes } = on.gateway;
  await database.sql`DELETE FROM route_versions`;
  await database.sql`DELETE FROM routes`;
  await routes.book.reload('org_default');
  const [cheap, assistant] = [{ model: 'cheap' }, { model: 'demo/assistant', weight: 3 }];
  await setRoute(on, { name: 'cheap' });
  await setRoute(on, { name: 'support', targets: [cheap], note: 'a start' });
  await setRoute(on, { name: 'support', targets: [assistant, cheap] });
}

/** One with two versions, of which the first is published, and none that the operations before have left. */
async function setPrompts(on: TestGateway): Promise<void> {
  const { database, prompts } = on.gateway;
  for (const table of ['prompt_labels', 'prompt_versions', 'prompts'])
    await database.sql`DELETE FROM ${database.sql(table)}`;
  prompts.book.forget('org_default');
  const version = saying('Summarise {{ ticket }}');
  await createPrompt(on, { slug: 'summarize-ticket', folder: 'support/tickets', version });
  await createVersion(on, { slug: 'summarize-ticket', version: saying('In short: {{ ticket }}') });
  await setLabel(on, { slug: 'summarize-ticket', label: 'production', version: 1 });
}

async function setBudget({ ask }: TestGateway, subjectId: string): Promise<string> {
  const { data } = await ask(
    'mutation ($id: ID!) { budgetSet(input: { subjectId: $id, limit: "5", window: TOTAL }) { budget { id } } }',
    { id: subjectId },
  );
  return data.budgetSet.budget.id;
}

async function setLimit({ ask }: TestGateway, subjectId: string): Promise<string> {
  const { data } = await ask(
    'mutation ($id: ID!) { limitSet(input: { scope: KEY, subjectId: $id, unit: CONCURRENT, max: 9 }) { limit { id } } }',
    { id: subjectId },
  );
  return data.limitSet.limit.id;
}

async function run(on: TestGateway, operation: Operation, stage: Stage): Promise<unknown> {
  const { document: query, kind } = operation;
  const variables = JSON.parse(await fill(operation.variables, on, stage)) as Record<string, unknown>;
  if (operation.name === 'audit-events') await adjust(on, stage);
  if (operation.name === 'alerts') await Promise.all([raise(on), raise(on)]);
  if (operation.name === 'route-learned') await learn(on, stage);
  if (operation.name === 'route-simulate') await complete(on, stage.secret, 'support');
  if (operation.name === 'route-shadows') await copy(on, stage);
  if (operation.name.startsWith('route-trial')) await tryOut(on);
  if (operation.name === 'anomalies') await raiseAnomaly(on);
  const asking = OF_ADMINS.test(operation.name) ? ADMIN_KEY : stage.secret;
  if (operation.name === 'viewer-grants') await give(on, stage);
  if (kind !== 'subscription') return on.ask(query, variables, { key: asking });
  const results = on.socket({ key: stage.secret }).iterate({ query, variables });
  if (operation.name === 'budget-changed') return [(await results.next()).value];
  if (operation.name === 'alert-raised') return [await whileIt(() => raise(on), results.next())];
  if (operation.name === 'access-request-changed')
    return [await whileIt(() => askForAccess(on), untilTold(results, ASKED_MEANWHILE))];
  if (operation.name === 'health-changed')
    return [await whileIt(() => restShortly(on, 'demo/slow'), untilTold(results, 'DEGRADED'))];
  if (operation.name !== 'usage-ticks') return Array.fromAsync(results);
  const tick = results.next();
  // Slow enough for the subscription to have begun when it is settled.
  await complete(on, stage.secret, 'demo/slow');
  return [(await tick).value];
}

async function fill(variables: string, on: TestGateway, stage: Stage): Promise<string> {
  const filled = variables
    .replace('{{key}}', stage.key)
    .replace('{{completion}}', stage.completion)
    .replace('{{other key}}', stage.otherKey)
    .replace('{{an hour ago}}', new Date(Date.now() - 3_600_000).toISOString())
    .replace('{{budget}}', stage.budget)
    .replace('{{limit}}', stage.limit)
    .replace('{{team}}', stage.team)
    .replace('{{user}}', stage.user)
    .replace('{{access request}}', stage.accessRequest)
    .replace('{{own access request}}', stage.ownAccessRequest)
    .replace('{{grant}}', stage.grant);
  if (!filled.includes('{{running completion}}')) return filled;
  return filled.replace('{{running completion}}', await startCompletion(on, stage.secret));
}

async function complete({ ask }: TestGateway, secret: string, model: string): Promise<string> {
  const { data } = await ask(
    `mutation ($input: CompletionInput!) { completionCreate(input: $input) { completion { id } } }`,
    {
      input: {
        model,
        source: { text: 'Hello there' },
        params: { maxOutputTokens: 10 },
        tags: [{ key: 'feature', value: 'search' }],
        endUserId: 'user-42',
      },
    },
    { key: secret },
  );
  return data.completionCreate.completion.id;
}

/** From one call by the route, which was found good. */
async function learn(on: TestGateway, { secret }: Stage): Promise<void> {
  await on.ask('mutation { routeResetLearned(name: "cheap") { errors { code } } }');
  await on.ask(
    'mutation ($id: ID!) { completionRate(input: { id: $id, score: 0.9 }) { errors { code } } }',
    { id: await complete(on, secret, 'cheap') },
    { key: secret },
  );
}

/** One completion of the route, and its copy. */
async function copy(on: TestGateway, { secret }: Stage): Promise<void> {
  const shadow = { model: 'demo/echo', percent: 100 };
  await setRoute(on, { name: 'cheap', targets: [{ model: 'demo/echo' }], shadow });
  await complete(on, secret, 'cheap');
  const readCopied = async () =>
    (await on.ask('{ completions(filter: { origin: [SHADOW], status: [SUCCEEDED] }) { totalCount } }')).data;
  await expect.poll(readCopied).toEqual({ completions: { totalCount: 1 } });
}

/** A route with a canary that nobody has asked yet. */
async function tryOut(on: TestGateway): Promise<void> {
  const { errors } = await setRoute(on, {
    name: 'careful',
    canary: {
      model: 'demo/assistant',
      steps: [
        { percent: 5, minutes: 10, requests: 50 },
        { percent: 50, minutes: 60, requests: 500 },
      ],
      rollBackWhen: { afterRequests: 50, errorRateAbove: 0.05, costRatioAbove: 1.5 },
    },
  });
  expect(errors).toEqual([]);
}

async function adjust({ ask }: TestGateway, { secret, completion }: Stage): Promise<void> {
  await ask(
    'mutation ($id: ID!) { ledgerAdjust(input: { completionId: $id, amount: "0.1", reason: "a slip" }) { entry { id } } }',
    { id: completion },
    { key: secret },
  );
}

function raise(on: TestGateway): Promise<string> {
  return raiseAlert(on.gateway, { teamId: 'team_default' });
}

function raiseAnomaly(on: TestGateway): Promise<string> {
  const detail = {
    measure: 'SPEND',
    observed: '12.5',
    expected: '1.25',
    deviation: '45.0',
    hour: '2026-03-10T12:00:00.000Z',
    message: 'the team team_default: $12.5 in the hour from 2026-03-10T12:00:00.000Z, and $1.25 is usual',
  };
  return raiseAlert(on.gateway, { teamId: 'team_default', kind: 'ANOMALY', detail });
}

const ASKED_MEANWHILE = 'to hear of it';

/** By a key of its own, so that it stays the only change of its request. */
async function askForAccess(on: TestGateway): Promise<void> {
  const key = await makeKey(on, { scopes: ['COMPLETIONS_WRITE'] });
  await request(on, key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ', reason: ASKED_MEANWHILE });
}

/** Others come too: those of before the subscription are told late, beside open transactions. */
async function untilTold<T>(results: AsyncIterator<T>, text: string): Promise<IteratorResult<T>> {
  for (;;) {
    const next = await results.next();
    if (next.done || JSON.stringify(next.value).includes(text)) return next;
  }
}

async function give(on: TestGateway, { secret }: Stage): Promise<void> {
  await grant(on, secret, { kind: 'SCOPE', targetId: 'LIMITS_WRITE' }, '2099-12-31T00:00:00Z');
}

/** A subscription tells nobody when it is open. */
async function whileIt<T>(happens: () => Promise<unknown>, first: Promise<IteratorResult<T>>): Promise<T> {
  let over = false;
  void first.finally(() => (over = true));
  while (!over) {
    await happens();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return (await first).value as T;
}

/** One that its provider never answers. */
async function startCompletion({ socket }: TestGateway, secret: string): Promise<string> {
  const query = `subscription {
    completionStream(input: { model: "demo/silent", source: { text: "Hello there" } }) { completionId }
  }`;
  const { value } = await socket({ key: secret })
    .iterate<{ completionStream: { completionId: string } }>({ query })
    .next();
  return value?.data?.completionStream.completionId ?? '';
}
