import type { Config } from '../config/config.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import { createGraphContext, type GraphContext } from '../graph/context.ts';
import { createOrganisationGraphs } from '../graph/prompt-fields/organisation-graphs.ts';
import { readStaticTypes } from '../graph/prompt-fields/static-types.ts';
import { schema } from '../graph/schema.ts';
import { startJobs } from '../jobs/jobs.ts';
import { traceIdOf } from '../lib/ids.ts';
import { createPlugins } from '../plugins/plugins.ts';
import { createRest } from '../rest/rest.ts';
import type { Caller } from './caller.ts';
import { startServer, type RunningServer } from './server.ts';
import { createGraphqlServer } from './yoga.ts';

/** A whole running gateway. */
export interface Running {
  gateway: Gateway;
  server: RunningServer;
  /** Secret of the admin key that this start made up, to be shown once. */
  firstAdminKey: string | undefined;
  /** Takes nothing new, lets streams end within the time, settles everything, closes. */
  stop(drainMs: number): Promise<void>;
}

const LAST_WORDS_MS = 1_000;

type Context = GraphContext & Caller & { request: Request };

/** Starts everything. */
export async function start(config: Config, options: GatewayOptions): Promise<Running> {
  await using opened = new AsyncDisposableStack();
  const gateway = opened.adopt(await createGateway(config, options), (made) => made.close());
  const server = opened.adopt(await serve(gateway), (made) => made.close());
  const firstAdminKey = await gateway.makeFirstAdminKey();
  const jobs = startJobs(gateway);
  // Nothing can fail any more: from here on it is closed by `stop`.
  opened.move();
  return { gateway, server, firstAdminKey, stop: (drainMs) => stop({ gateway, server, jobs }, drainMs) };
}

function serve(gateway: Gateway): Promise<RunningServer> {
  const { config, logger, database, pressure } = gateway;
  const graphs = createOrganisationGraphs(gateway, readStaticTypes(schema));
  const parts = { gateway, graphs };
  const find = async (...asked: Parameters<typeof graphs.find>) => (await graphs.find(...asked)).schema;
  const plugins = createPlugins<Context>(
    gateway,
    { shared: schema, find },
    ({ operation, signal, traceId, requestId, ip, region }, who) =>
      createGraphContext(parts, { who, operation, signal, traceId, requestId, ip, region }),
  );
  const graphql = createGraphqlServer({
    ...config,
    schema,
    plugins,
    log: logger,
    context: (initial) => {
      const { request, requestId, ip, region, who, operation } = initial as typeof initial &
        Pick<GraphContext, 'who' | 'operation'>;
      const about = { who, operation, requestId, ip, region };
      return createGraphContext(parts, {
        ...about,
        signal: request.signal,
        traceId: traceIdOf(request.headers.get('traceparent')),
      });
    },
  });
  return startServer({
    ...config,
    graphql,
    rest: createRest(gateway),
    log: logger,
    ready: (signal) => database.ping(signal),
    findShedding: () => pressure.findRefusal('INTERACTIVE'),
  });
}

async function stop(
  { gateway, server, jobs }: { gateway: Gateway; server: RunningServer; jobs: ReturnType<typeof startJobs> },
  drainMs: number,
): Promise<void> {
  // What still runs after its time is cancelled and settled; its readers get a moment more, to be told.
  const late = AbortSignal.timeout(drainMs);
  await Promise.all([
    server.drain(drainMs + LAST_WORDS_MS),
    gateway.evaluations.runner.drain(late),
    gateway.runs.drain(late),
  ]);
  await jobs.stop();
  await gateway.close();
}
