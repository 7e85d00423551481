import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { getStitchedSchemaFromSupergraphSdl } from '@graphql-tools/federation';
import { parse } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { afterAll } from 'vitest';
import type { Answer, TestGateway } from '../../support/gateway.ts';
import { saying } from '../support.ts';

type Json = Record<string, unknown>;

export interface Ticket {
  id: string;
  title: string;
  body: string | null;
}

/** What a team that knows nothing of prompts has. */
export const HELPDESK = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@key"])
type Query { tickets: [Ticket!]! }
type Ticket @key(fields: "id") { id: ID! title: String! body: String tags: [String!]! }
`;

/** The fields of a ticket that are read by `bound`. */
export const FIELDS = [
  { variable: 'title', field: 'title' },
  { variable: 'body', field: 'body', type: 'String' },
];

/** A version that answers a field of tickets. */
export function bound(field: string, more: Json = {}, entity: Json = {}): Json {
  return saying('{{ title }}: {{ body }}', {
    variables: ['title', 'body'].map((name) => ({ name, type: 'STRING' })),
    entity: { typeName: 'Ticket', field, variables: FIELDS, ...entity },
    ...more,
  });
}

export const SUMMARY: Json = {
  model: 'demo/expensive',
  outputSchema: {
    type: 'object',
    required: ['title', 'urgency'],
    properties: { title: { type: 'string' }, urgency: { enum: ['low', 'high'] } },
  },
};

/** The definitions that a router reads of us. */
export async function readSdl(gateway: TestGateway): Promise<string> {
  return (await gateway.ask('{ service: _service { sdl } }')).data.service.sdl;
}

/** What a router sent to us. */
interface Sent {
  query: string;
  variables?: { representations?: unknown[] };
}

export interface Router {
  /** Asks the supergraph, with a key for our part of it. */
  ask(query: string, key: string): Promise<Answer>;
  /** All that has reached us since the last time. */
  takeSent(): Sent[];
}

/** A router of a federation, its other subgraph, and our part: each a server of its own. */
export async function startRouter(gateway: TestGateway, tickets: readonly Ticket[]): Promise<Router> {
  const resolvers = { Query: { tickets: () => tickets }, Ticket: { tags: () => ['new'] } };
  const typeDefs = parse(HELPDESK);
  const helpdesk = await serve(createYoga({ schema: buildSubgraphSchema({ typeDefs, resolvers }) }));
  const { supergraphSdl, errors } = composeServices([
    { name: 'helpdesk', url: helpdesk, typeDefs },
    { name: 'sluice', url: gateway.url, typeDefs: parse(await readSdl(gateway)) },
  ]);
  if (supergraphSdl === undefined) throw new Error(errors?.map(({ message }) => message).join('\n'));
  let sent: Sent[] = [];
  const schema = getStitchedSchemaFromSupergraphSdl({
    supergraphSdl,
    httpExecutorOpts: ({ name }) => ({
      headers: (request): Record<string, string> =>
        name === 'SLUICE' ? { authorization: request?.context.request.headers.get('authorization') } : {},
      fetch: (url, init) => {
        if (name === 'SLUICE') sent.push(JSON.parse(init?.body as string) as Sent);
        return fetch(url, init);
      },
    }),
  });
  const router = await serve(createYoga({ schema, maskedErrors: false }));
  return {
    async ask(query, key) {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const response = await fetch(router, { method: 'POST', headers, body: JSON.stringify({ query }) });
      return (await response.json()) as Answer;
    },
    takeSent() {
      const taken = sent;
      sent = [];
      return taken;
    },
  };
}

const servers = new Set<Server>();
afterAll(() => {
  for (const server of servers) server.close();
});

async function serve(yoga: YogaServerInstance<object, object>): Promise<string> {
  const server = createServer((request, response) => void yoga(request, response));
  servers.add(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}
