import { createMcpHandler, type ServerEventBus } from '@modelcontextprotocol/server';
import { newId } from '../../lib/ids.ts';
import type { Exchange, Passed } from '../endpoint.ts';
import type { Calls } from './calls.ts';
import { createServer } from './server.ts';

/** A JSON-RPC message, as far as it matters before the SDK has read it. */
interface Message {
  id?: unknown;
  method?: unknown;
  params?: { requestId?: unknown };
}

const SESSION = 'mcp-session-id';
/** What the SDK reads. */
const PASSED_ON = /^(accept|content-type|mcp-.+)$/;

/**
 * Answers one message. Clients of 2025 get a session id, which stands for no state: it tells their calls apart, so that
 * they can be cancelled. Those of 2026 cancel by leaving.
 */
export async function answerMcp(exchange: Exchange, calls: Calls): Promise<Passed> {
  const { gateway, who, headers, signal, requestId } = exchange;
  const { id, method, params } = exchange.body as Message;
  const session = headers[SESSION];
  const cancelled = new AbortController();
  if (typeof session === 'string') {
    const { keyId } = who;
    if (method === 'notifications/cancelled') calls.cancel({ keyId, session, id: params?.requestId });
    const forget = id === undefined ? undefined : calls.begin({ keyId, session, id }, cancelled);
    if (forget) signal.addEventListener('abort', forget, { once: true });
  }
  if (method === 'subscriptions/listen') exchange.stream();
  const handler = createMcpHandler(({ era }) => createServer(exchange, era), {
    bus: createBus(exchange),
    onerror: (err) => gateway.logger.debug({ requestId, err }, 'a message of MCP was refused'),
  });
  const request = toRequest(exchange, AbortSignal.any([signal, cancelled.signal]));
  const response = await handler.fetch(request, { parsedBody: exchange.body });
  if (method === 'initialize' && response.ok) response.headers.set(SESSION, newId('mcp'));
  return { response };
}

/** The body was read already. */
function toRequest({ url, headers }: Exchange, signal: AbortSignal): Request {
  const passed = Object.entries(headers).filter(([name]) => PASSED_ON.test(name));
  return new Request(new URL(url, 'http://localhost'), {
    method: 'POST',
    headers: Object.fromEntries(passed.map(([name, value]) => [name, String(value)])),
    signal,
  });
}

/** Tells a stream of changes of the prompts of its own organisation, made on whatever instance. */
function createBus({ gateway, who }: Exchange): ServerEventBus {
  return {
    publish() {},
    subscribe: (tell) =>
      gateway.relay.listen(({ kind, organisationId }) => {
        if (kind !== 'PROMPT_CHANGED' || organisationId !== who.organisationId) return;
        tell({ kind: 'tools_list_changed' });
        tell({ kind: 'prompts_list_changed' });
      }),
  };
}
