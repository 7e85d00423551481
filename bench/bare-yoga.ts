/** The least that a GraphQL gateway can be: Yoga as it comes, and resolvers that call the upstream. */
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { announce } from './announce.ts';

interface Args {
  model: string;
  text: string;
}

interface Answer {
  choices: { message: { content: string } }[];
}

interface Chunk {
  choices: { delta: { content?: string } }[];
}

const [upstream = ''] = process.argv.slice(2);

const schema = createSchema({
  typeDefs: `
    type Query { alive: Boolean }
    type Mutation { completionCreate(model: String!, text: String!): String! }
    type Subscription { completionStream(model: String!, text: String!): String! }
  `,
  resolvers: {
    Mutation: {
      async completionCreate(_root: unknown, args: Args) {
        const response = await call(args, false);
        const answer = (await response.json()) as Answer;
        return answer.choices[0]?.message.content;
      },
    },
    Subscription: {
      completionStream: {
        async *subscribe(_root: unknown, args: Args) {
          const response = await call(args, true);
          for await (const text of readTexts(response)) yield { completionStream: text };
        },
      },
    },
  },
});

const yoga = createYoga({ schema, logging: false });
const server = createServer((request, response) => void yoga(request, response));
useServer({ schema }, new WebSocketServer({ server, path: yoga.graphqlEndpoint }));
announce(server);

function call({ model, text }: Args, stream: boolean): Promise<Response> {
  return fetch(`${upstream}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: text }] }),
  });
}

async function* readTexts({ body }: Response): AsyncGenerator<string> {
  let rest = '';
  for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = (rest + part).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      if (event === 'data: [DONE]') return;
      const chunk = JSON.parse(event.slice('data: '.length)) as Chunk;
      const text = chunk.choices[0]?.delta.content;
      if (text) yield text;
    }
  }
}
