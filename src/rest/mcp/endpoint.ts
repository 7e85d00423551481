import type { Endpoint } from '../endpoint.ts';
import { Refused, type ToldErrors } from '../errors.ts';
import { createCalls } from './calls.ts';

/** https://www.jsonrpc.org/specification#error_object, of those that a server may choose for itself. */
const SERVER_ERROR = -32_000;
const INVALID_REQUEST = -32_600;

/**
 * The published prompts as tools and prompts of the Model Context Protocol, over its Streamable HTTP. What a request needs
 * it brings along, so that any instance can answer any of them; only a cancellation has to reach the one that works.
 */
export function createMcpEndpoint(): Endpoint {
  const calls = createCalls();
  return {
    method: 'POST',
    path: '/mcp',
    points: 1,
    isForKnownPages: true,
    present: (told, body) => ({ jsonrpc: '2.0', id: idOf(body), error: toRpcError(told) }),
    async answer(exchange) {
      const { body } = exchange;
      if (typeof body !== 'object' || body === null || Array.isArray(body))
        throw new Refused(400, 'BAD_REQUEST', 'send one JSON-RPC message; batches are not taken');
      // Large, and not for everybody: loaded when somebody asks for it.
      const { answerMcp } = await import('./answer.ts');
      return answerMcp(exchange, calls);
    },
  };
}

function idOf(body: unknown): string | number | null {
  const { id } = (body ?? {}) as { id?: unknown };
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function toRpcError({ status, errors, requestId }: ToldErrors): object {
  const code = status === 400 ? INVALID_REQUEST : SERVER_ERROR;
  return { code, message: errors[0]?.message ?? '', data: { errors, requestId } };
}
