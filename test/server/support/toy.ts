import type { GraphQLSchema } from 'graphql';
import { createSchema } from 'graphql-yoga';
import { InvalidInput, Unauthenticated } from '../../../src/domain/errors.ts';

export interface Toy {
  schema: GraphQLSchema;
  /** Resolves once a resolver that waits has begun. */
  begun(): Promise<void>;
  /** Resolves with the reason once the signal of the waiting resolver aborted. */
  aborted(): Promise<unknown>;
  /** Resolves once a source that hears no signals was told to return. */
  returned(): Promise<void>;
  /** Chunks taken from the source of `chunks`. */
  taken: number;
  /** Lets `slow` answer. */
  release(): void;
}

interface ToyContext {
  request: Request;
  requestId: string;
}

const typeDefs = /* GraphQL */ `
  input Source @oneOf {
    text: String
    lines: [Line!]
  }
  input Line {
    number: Int!
  }
  input EchoInput {
    source: Source!
    times: Int
  }
  enum Fault {
    GATEWAY
    INPUT
    SURPRISE
  }
  type Item {
    name: String
    fail(with: Fault!): String
    items: [Item!]
  }
  type Query {
    hello: String
    echo(input: EchoInput!): String
    take(n: Int! = 1): Int
    item: Item
    fail(with: Fault!): String!
    header(name: String!): String
    wait: String
    slow: String
  }
  type Mutation {
    wait: String
    touch: String
  }
  type Subscription {
    count(to: Int!): Int
    fail(with: Fault!): Int
    failLater(with: Fault!): Int
    echo(input: EchoInput!): String
    header(name: String!): String
    wait: String
    deaf: String
    slow: String
    chunks(bytes: Int!): String
  }
`;

const FAULTS = {
  GATEWAY: () => new Unauthenticated('show a key'),
  INPUT: () => new InvalidInput([{ path: ['input', 'text'], message: 'text is empty' }]),
  SURPRISE: () => new TypeError('connection to secret-host:5432 refused'),
};

function fail(_parent: unknown, args: { with: keyof typeof FAULTS }): never {
  throw FAULTS[args.with]();
}

/** A schema whose resolvers show what happens to them. */
export function createToy(): Toy {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  const returned = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const toy: Omit<Toy, 'schema'> = {
    begun: () => begun.promise,
    aborted: () => aborted.promise,
    returned: () => returned.promise,
    release: released.resolve,
    taken: 0,
  };

  function wait({ request: { signal } }: ToyContext): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => {
      aborted.resolve(signal.reason);
      reject(signal.reason);
    });
    begun.resolve();
    return promise;
  }
  async function slow(): Promise<string> {
    begun.resolve();
    await released.promise;
    return 'done at last';
  }
  function deaf(): AsyncIterableIterator<never> {
    const silence = Promise.withResolvers<IteratorResult<never>>();
    begun.resolve();
    return {
      next: () => silence.promise,
      return() {
        returned.resolve();
        const end = { value: undefined, done: true as const };
        silence.resolve(end);
        return Promise.resolve(end);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
  async function* chunks(bytes: number) {
    try {
      for (;;) {
        toy.taken += 1;
        yield { chunks: 'x'.repeat(bytes) };
      }
    } finally {
      returned.resolve();
    }
  }

  const schema = createSchema<ToyContext>({
    typeDefs,
    resolvers: {
      Query: {
        hello: () => 'world',
        echo: (_, { input }) => JSON.stringify(input),
        take: (_, { n }) => n,
        item: () => ({ name: 'thing', items: [] }),
        fail,
        header: (_, { name }, { request }) => request.headers.get(name),
        wait: (_, _args, context) => wait(context),
        slow,
      },
      Item: { fail },
      Mutation: {
        wait: (_, _args, context) => wait(context),
        touch: () => 'touched',
      },
      Subscription: {
        count: {
          async *subscribe(_: unknown, { to }: { to: number }) {
            for (let count = 1; count <= to; count += 1) yield { count };
          },
        },
        fail: { subscribe: fail },
        failLater: {
          async *subscribe(parent: unknown, args: { with: keyof typeof FAULTS }) {
            yield { failLater: 1 };
            fail(parent, args);
          },
        },
        echo: {
          async *subscribe(_: unknown, { input }: { input: object }) {
            yield { echo: JSON.stringify(input) };
          },
        },
        header: {
          async *subscribe(_: unknown, { name }: { name: string }, { request }: ToyContext) {
            yield { header: request.headers.get(name) };
          },
        },
        wait: {
          async *subscribe(_: unknown, _args: unknown, context: ToyContext) {
            yield { wait: await wait(context) };
          },
        },
        deaf: { subscribe: deaf },
        slow: {
          async *subscribe() {
            yield { slow: 'begun' };
            yield { slow: await slow() };
          },
        },
        chunks: { subscribe: (_: unknown, { bytes }: { bytes: number }) => chunks(bytes) },
      },
    },
  });
  return Object.assign(toy, { schema });
}
