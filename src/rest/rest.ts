import type { IncomingMessage, ServerResponse } from 'node:http';
import { ensureAllowed, RULES } from '../access/rules.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { limitHeaders } from '../limits/headers.ts';
import type { LimitFacts } from '../limits/limits.ts';
import { createEndpoints } from './endpoints.ts';
import type { Answer, Endpoint, Exchange, ServerEvent, Stream } from './endpoint.ts';
import { Refused, tellErrors, toEnvelope, type ToldErrors } from './errors.ts';
import { createExchange, type Asking } from './exchange.ts';
import { credentialsOf, ensureKnownPage, ensureMayComeHere } from './let-in.ts';
import { readBody } from './read-body.ts';
import { createRouter } from './router.ts';
import { writeEvents, writeResponse, writeWhole } from './write.ts';

/** The doors beside the graph. */
export interface Rest {
  /** Whether a path belongs to them, whatever is there. */
  has(path: string): boolean;
  answer(request: IncomingMessage, response: ServerResponse, asking: Asking): Promise<void>;
}

/** One request on its way through the frame; what is undefined is not known yet. */
interface Passage {
  request: IncomingMessage;
  response: ServerResponse;
  asking: Asking;
  endpoint?: Endpoint;
  who?: Principal;
  body?: unknown;
  limitFacts: LimitFacts[];
  /** Aborts when the client is gone, or may not have a stream any more. */
  ending: AbortController;
  onOver: (() => void)[];
}

/**
 * Everything that the plugins do for the graph is done here for the doors beside it, in the same order: who asks, whether
 * they may come in by this door, how often, and only then what they say.
 */
export function createRest(gateway: Gateway): Rest {
  const endpoints = createEndpoints();
  const route = createRouter(endpoints);
  return {
    has: (path) => path.startsWith('/v1/') || endpoints.some((endpoint) => endpoint.path === path),
    async answer(request, response, asking) {
      const ending = new AbortController();
      const passage: Passage = { request, response, asking, limitFacts: [], ending, onOver: [] };
      response.once('close', () => {
        for (const over of passage.onOver) over();
        ending.abort(new DOMException('the client left', 'AbortError'));
      });
      try {
        const exchange = await letIn(gateway, route, passage);
        await write(passage, await passage.endpoint!.answer(exchange), exchange);
      } catch (error) {
        refuse(gateway, passage, error);
      }
    },
  };
}

/** @throws GatewayError or Refused. */
async function letIn(
  gateway: Gateway,
  route: ReturnType<typeof createRouter>,
  passage: Passage,
): Promise<Exchange> {
  const { request } = passage;
  const { config } = gateway;
  const { endpoint, params } = route(request.method ?? '', request.url?.split('?')[0] ?? '/');
  passage.endpoint = endpoint;
  const door = nameOf(endpoint);
  if (endpoint.isForKnownPages) ensureKnownPage(request, config.corsOrigins);
  gateway.pressure.ensureTakes('INTERACTIVE');
  const who = await findCaller(gateway, passage);
  passage.who = who;
  ensureMayComeHere(config.operations, who, request);
  const rule = RULES[door];
  if (rule === undefined) throw new Error(`nothing is said of who may use ${door}`);
  ensureAllowed(who, rule, door);
  // Before the body: what a request takes does not depend on what it says, and reading costs too.
  const exchangeOf = (body: unknown) => createExchange({ ...passage, gateway, who, params, body, door });
  await exchangeOf(undefined).take(endpoint.points);
  passage.body = endpoint.method === 'POST' ? await readBody(request, config.limits) : undefined;
  return exchangeOf(passage.body);
}

function nameOf({ method, path }: Endpoint): string {
  return `${method} ${path}`;
}

async function findCaller(gateway: Gateway, { request, asking }: Passage): Promise<Principal> {
  const { requestId, ip } = asking;
  try {
    const who = await gateway.authenticator.authenticate(credentialsOf(request, asking));
    gateway.accessLog.cameIn(who, { requestId, ip });
    return who;
  } catch (error) {
    if (error instanceof GatewayError) gateway.accessLog.notKnown({ requestId, ip });
    throw error;
  }
}

async function write(
  passage: Passage,
  answer: Answer,
  { gateway, requestId, signal }: Exchange,
): Promise<void> {
  const { response, limitFacts } = passage;
  const headers = Object.fromEntries(limitHeaders(limitFacts));
  if (response.destroyed) return;
  if ('response' in answer) return writeResponse(response, headers, answer.response);
  if ('status' in answer)
    return writeWhole(response, { ...answer, headers: { ...headers, ...answer.headers } });
  await writeEvents(response, headers, () => nextEvent(gateway, answer, { response, requestId, signal }));
}

/** Whoever left is told nothing; whoever may not have the stream any more is told so, as its end. */
async function nextEvent(
  { logger }: Gateway,
  answer: Stream,
  { response, requestId, signal }: Pick<Passage, 'response'> & Pick<Exchange, 'requestId' | 'signal'>,
): Promise<ServerEvent | undefined> {
  let fault: unknown;
  try {
    const event = await answer.next();
    if (event && !signal.aborted) return event;
  } catch (err) {
    fault = err;
    if (!isOnPurpose(err) && !signal.aborted) logger.error({ requestId, err }, 'a stream failed');
  }
  if (response.destroyed) return undefined;
  return { ...answer.failed(tellErrors(signal.reason ?? fault, requestId)), isLast: true };
}

function refuse(gateway: Gateway, passage: Passage, error: unknown): void {
  const { response, asking, who, endpoint, limitFacts, body } = passage;
  const { requestId, ip } = asking;
  if (response.destroyed) return;
  const told = tellErrors(error, requestId);
  if (who && endpoint && told.status === 403) {
    const refusal = { target: nameOf(endpoint), reason: (error as Error).message };
    gateway.accessLog.refused(who, refusal, { requestId, ip });
  }
  if (!isOnPurpose(error)) gateway.logger.error({ requestId, err: error }, 'a request failed');
  // What has begun cannot be taken back; a client sees that it was cut.
  if (response.headersSent) response.destroy();
  else
    writeWhole(
      response,
      toWhole(told, { endpoint, body, headers: Object.fromEntries(limitHeaders(limitFacts)) }),
    );
}

function toWhole(
  told: ToldErrors,
  {
    endpoint,
    body,
    headers,
  }: { endpoint: Endpoint | undefined; body: unknown; headers: Record<string, string> },
) {
  const present = endpoint?.present ?? toEnvelope;
  return { status: told.status, headers: { ...headers, ...told.headers }, body: present(told, body) };
}

function isOnPurpose(error: unknown): boolean {
  return error instanceof GatewayError || error instanceof Refused;
}
