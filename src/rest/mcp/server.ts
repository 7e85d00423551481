import {
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type McpRequestContext,
} from '@modelcontextprotocol/server';
import { listPublished, type PublishedPrompt } from '../../prompts/published.ts';
import type { Exchange } from '../endpoint.ts';
import { describePrompt, renderPrompt } from './prompts.ts';
import { toolNameOf } from './tool-name.ts';
import { callTool, describeTool } from './tools.ts';

/** How many are told at once. */
const PAGE = 200;
const ABOUT = { name: 'sluice', title: 'Sluice: the prompts of an organisation', version: '1.0.0' };
const INSTRUCTIONS =
  'Each tool runs a published prompt with a model and answers with what it says. Each prompt gives the messages alone.';

/** Serves the prompts of one caller, for one message. */
export function createServer(exchange: Exchange, era: McpRequestContext['era']): Server {
  const { gateway, who } = exchange;
  // A client of 2025 would have to hold a stream of its own open to hear of changes, for which there is no state here.
  const listChanged = era === 'modern';
  const server = new Server(ABOUT, {
    capabilities: { tools: { listChanged }, prompts: { listChanged } },
    instructions: INSTRUCTIONS,
  });
  const list = () => listPublished(gateway.prompts, who.organisationId);
  server.setRequestHandler('tools/list', async ({ params }) => {
    const { page, nextCursor } = pageOf(await list(), params?.cursor);
    return { tools: page.map(describeTool), ...nextCursor };
  });
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) =>
    callTool(exchange, find(await list(), params.name), {
      ...mcpReq,
      given: params.arguments ?? {},
      progressToken: params['_meta']?.progressToken,
    }),
  );
  server.setRequestHandler('prompts/list', async ({ params }) => {
    const { page, nextCursor } = pageOf(await list(), params?.cursor);
    return { prompts: page.map(describePrompt), ...nextCursor };
  });
  server.setRequestHandler('prompts/get', async ({ params }) =>
    renderPrompt(exchange, find(await list(), params.name), params.arguments ?? {}),
  );
  return server;
}

/** By the slug that was the last one told. */
function pageOf(prompts: readonly PublishedPrompt[], cursor: string | undefined) {
  const rest = cursor === undefined ? prompts : prompts.filter(({ slug }) => slug > cursor);
  const page = rest.slice(0, PAGE);
  return { page, nextCursor: rest.length > PAGE ? { nextCursor: page.at(-1)!.slug } : {} };
}

function find(prompts: readonly PublishedPrompt[], name: string): PublishedPrompt {
  const found = prompts.find(({ slug }) => toolNameOf(slug) === name);
  if (found) return found;
  const message = `no prompt ${JSON.stringify(name.slice(0, 100))} is published`;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}
