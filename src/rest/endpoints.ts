import type { Endpoint } from './endpoint.ts';
import { createMcpEndpoint } from './mcp/endpoint.ts';
import { completePrompt } from './prompts/complete.ts';
import { describePrompts } from './prompts/openapi-endpoint.ts';

/** Every door beside the graph. */
export function createEndpoints(): Endpoint[] {
  return [completePrompt, describePrompts, createMcpEndpoint()];
}
