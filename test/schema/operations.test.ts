import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { raiseAlert } from '../alerts/support/alerts.ts';
import { useGateway, type TestGateway } from '../support/gateway.ts';
import { normalise } from './support/normalise.ts';
import { listOperations, type Operation } from './support/operations.ts';

const gateway = useGateway();
const operations = listOperations();

/** What an operation finds: a key of its own that has asked for two completions, and another key with a budget. */
interface Stage {
  key: string;
  secret: string;
  completion: string;
  otherKey: string;
  budget: string;
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
    keyCreate(input: { name: "dashboard", scopes: [COMPLETIONS_WRITE, USAGE_READ, KEYS_WRITE, BUDGETS_WRITE, LEDGER_WRITE, AUDIT_READ, OPERATIONS_WRITE] }) {
      key { id }
      secret
    }
    other: keyCreate(input: { name: "web", scopes: [COMPLETIONS_WRITE] }) { key { id } }
  }`);
  const { key, secret } = data.keyCreate;
  const otherKey = data.other.key.id;
  await complete(on, secret, 'demo/echo');
  const completion = await complete(on, secret, 'demo/expensive');
  return { key: key.id, secret, completion, otherKey, budget: await setBudget(on, otherKey) };
}

async function setBudget({ ask }: TestGateway, subjectId: string): Promise<string> {
  const { data } = await ask(
    'mutation ($id: ID!) { budgetSet(input: { subjectId: $id, limit: "5", window: TOTAL }) { budget { id } } }',
    { id: subjectId },
  );
  return data.budgetSet.budget.id;
}

async function run(on: TestGateway, operation: Operation, stage: Stage): Promise<unknown> {
  const { document: query, kind } = operation;
  const variables = JSON.parse(await fill(operation.variables, on, stage)) as Record<string, unknown>;
  if (operation.name === 'audit-events') await adjust(on, stage);
  if (operation.name === 'alerts') await Promise.all([raise(on), raise(on)]);
  if (operation.name === 'anomalies') await raiseAnomaly(on);
  if (kind !== 'subscription') return on.ask(query, variables, { key: stage.secret });
  const results = on.socket({ key: stage.secret }).iterate({ query, variables });
  if (operation.name === 'budget-changed') return [(await results.next()).value];
  if (operation.name === 'alert-raised') return [await whileRaising(on, results.next())];
  if (operation.name !== 'usage-ticks') return Array.fromAsync(results);
  const tick = results.next();
  // Slow enough for the subscription to have begun when it is settled.
  await complete(on, stage.secret, 'demo/slow');
  return [(await tick).value];
}

async function fill(
  variables: string,
  on: TestGateway,
  { key, secret, completion, otherKey, budget }: Stage,
): Promise<string> {
  const filled = variables
    .replace('{{key}}', key)
    .replace('{{completion}}', completion)
    .replace('{{other key}}', otherKey)
    .replace('{{budget}}', budget);
  if (!filled.includes('{{running completion}}')) return filled;
  return filled.replace('{{running completion}}', await startCompletion(on, secret));
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

/** A subscription tells nobody when it is open. */
async function whileRaising<T>(on: TestGateway, first: Promise<IteratorResult<T>>): Promise<T> {
  let over = false;
  void first.finally(() => (over = true));
  while (!over) {
    await raise(on);
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
