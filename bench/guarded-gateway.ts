import { parse } from 'graphql';
import { Client } from 'undici';
import { toEnvironment } from '../src/config/env.ts';
import { loadConfig } from '../src/config/load.ts';
import { LIMIT_SCOPES, LIMIT_UNITS } from '../src/domain/limit.ts';
import { schema } from '../src/graph/schema.ts';
import { createLogger } from '../src/lib/logger.ts';
import { subjectsOfCaller } from '../src/limits/read.ts';
import { useCostGuard } from '../src/plugins/cost-guard.ts';
import { start } from '../src/server/start.ts';

const KEY = 'sk-sluice-9fQ2mVx7LrT4wZbN8cHjK5pYdGs3uEaR';
const ENOUGH = 1_000_000_000;
const READ = 'query ($first: Int) { viewer { key { name } } completions(first: $first) { nodes { id } } }';
const ASK = `mutation ($input: CompletionInput!) {
  completionCreate(input: $input) { completion { text cost { amount } } errors { code message } }
}`;
const INPUT = { model: 'demo/echo', source: { text: 'Say something short.' } };

type Work = () => Promise<unknown>;

/** A whole gateway in this process, and its guards by themselves. */
export interface GuardedGateway extends AsyncDisposable {
  guards: Record<string, Work>;
  requests: Record<string, Work>;
}

/** With every limit that there can be, none of which is reached. */
export async function openGuardedGateway(redisUrl: string | undefined): Promise<GuardedGateway> {
  const variables = {
    PORT: '0',
    SLUICE_ADMIN_KEY: KEY,
    SLUICE_DETECT: '0',
    LOG_LEVEL: 'silent',
    SLUICE_ENV: 'production',
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
  };
  const config = loadConfig(toEnvironment(variables, '/nonexistent'));
  const each = LIMIT_SCOPES.flatMap((scope) => LIMIT_UNITS.map((unit) => ({ scope, unit, max: ENOUGH })));
  const running = await start(
    { ...config, dataDir: 'memory://', limits: { ...config.limits, each } },
    { logger: createLogger({ level: 'silent' }), variables },
  );
  const { gateway, server } = running;
  const { origin, pathname } = new URL(server.url);
  const client = new Client(origin);
  const authorization = `Bearer ${KEY}`;

  async function post(query: string, given: object): Promise<void> {
    const headers = { 'content-type': 'application/json', authorization };
    const body = JSON.stringify({ query, variables: given });
    const response = await client.request({ path: pathname, method: 'POST', headers, body });
    const { errors } = (await response.body.json()) as { errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
  }

  const who = await gateway.authenticator.authenticate({ authorization, ip: '127.0.0.1' });
  const ofCaller = subjectsOfCaller(who, '127.0.0.1');
  const ofCompletion = { ...ofCaller, END_USER: 'anna', MODEL: 'demo/echo', PROVIDER: 'demo' };
  const amounts = { REQUESTS_PER_MINUTE: 1, TOKENS_PER_MINUTE: 500, CONCURRENT: 1 };
  const ignore = () => {};
  return {
    guards: {
      'who asks': () => gateway.authenticator.authenticate({ authorization, ip: '127.0.0.1' }),
      'cost of the operation': createCostCount(),
      'limits of operations': () =>
        gateway.limits.take({ subjects: ofCaller, amounts: { OPERATION_COST_PER_MINUTE: 50 } }, ignore),
      'limits of completions': async () => {
        const taken = await gateway.limits.take({ subjects: ofCompletion, amounts }, ignore);
        await taken.settle({ TOKENS_PER_MINUTE: 100 });
      },
    },
    requests: {
      'a read': () => post(READ, { first: 10 }),
      'a completion': () => post(ASK, { input: INPUT }),
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await running.stop(0);
    },
  };
}

/** Of an operation whose cost depends on its variables, and is counted each time. */
function createCostCount(): Work {
  const args = { schema, document: parse(READ), contextValue: {}, variableValues: { first: 10 } };
  const { onExecute } = useCostGuard(ENOUGH);
  return async () => {
    const begin = { args, setResultAndStopExecution: () => {} } as unknown as Parameters<
      NonNullable<typeof onExecute>
    >[0];
    await onExecute?.(begin);
  };
}
