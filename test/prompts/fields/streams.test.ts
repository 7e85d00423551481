import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../../access/support/keys.ts';
import { postForStream, readResults } from '../../server/support/client.ts';
import { useGateway } from '../../support/gateway.ts';
import { createVersion, publish, saying, setLabel } from '../support.ts';
import { listSettled, summarising } from './support.ts';

const gateway = useGateway();
let key: MadeKey;

beforeAll(async () => {
  await publish(gateway(), 'summarize-ticket', summarising());
  await publish(gateway(), 'greet', saying('{{ name }}', { variables: [NAME] }));
});
beforeEach(async () => {
  key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
});

const NAME = { name: 'name', type: 'STRING' };
const TICKET = {
  title: 'No hot water',
  body: 'The boiler is cold since Monday, and nobody has come to look at it.',
};
const SUMMARIZE = `subscription ($ticket: SummarizeTicketTicketInput!, $run: PromptStreamInput) {
  ai { summarizeTicket(ticket: $ticket, run: $run) {
    event {
      kind: __typename cursor completionId
      ... on CompletionTextDelta { text }
      ... on CompletionFailed { errors { code message path } }
    }
    partial { title urgency steps { text minutes } }
    result { title urgency steps { text minutes } }
  } }
}`;

interface Got {
  event: { kind: string; cursor: string; completionId: string; text?: string; errors?: object[] };
  partial?: unknown;
  result: unknown;
}

async function* overSocket(run?: object, query = SUMMARIZE): AsyncGenerator<Got> {
  const socket = gateway().socket({ key: key.secret });
  for await (const { data, errors } of socket.iterate({ query, variables: { ticket: TICKET, run } })) {
    if (errors) throw new Error(errors[0]?.message);
    yield Object.values((data as { ai: Record<string, Got> }).ai)[0]!;
  }
}

async function* overHttp(run?: object): AsyncGenerator<Got> {
  const operation = { query: SUMMARIZE, variables: { ticket: TICKET, run } };
  const response = await postForStream(gateway().url, operation, {
    headers: { authorization: `Bearer ${key.secret}` },
  });
  for await (const { data } of readResults(response))
    yield (data as { ai: { summarizeTicket: Got } }).ai.summarizeTicket;
}

describe.each([
  ['a WebSocket', overSocket],
  ['server-sent events', overHttp],
])('a subscription over %s', (_, subscribe) => {
  it('streams what is there of an answer, and the whole of it at the end', async () => {
    const got = await Array.fromAsync(subscribe({ coalesceMs: 0 }));
    const names = got.map(({ event }) => event.kind);
    expect(names.at(0)).toBe('CompletionStarted');
    expect(names.at(-1)).toBe('CompletionFinished');
    const { result } = got.at(-1)!;
    expect(result).toMatchObject({ title: expect.any(String), urgency: 'LOW' });
    expect(got.slice(0, -1).every((each) => each.result === null)).toBe(true);
    const partials = got.map(({ partial }) => partial).filter((partial) => partial !== null);
    expect(partials.length).toBeGreaterThan(1);
    expect(partials.every((partial) => isBeginningOf(result, partial))).toBe(true);
    expect(partials.at(-1)).toEqual(result);
    expect(await listSettled(gateway(), key.id)).toMatchObject([{ status: 'SUCCEEDED', version: 1 }]);
  });
});

/** Whether each part is as in the whole, as far as it has come. */
function isBeginningOf(whole: unknown, part: unknown): boolean {
  if (part === null) return true;
  if (typeof part === 'string') return typeof whole === 'string' && whole.startsWith(part);
  if (typeof part !== 'object') return part === whole;
  const members = Object.entries(whole as object);
  return Object.entries(part).every(([name, value]) =>
    members.some(([other, member]) => other === name && isBeginningOf(member, value)),
  );
}

describe('a subscription', () => {
  it('goes on from its cursor: nothing is lost, repeated or charged twice', async () => {
    const run = { idempotencyKey: 'resumed', coalesceMs: 0 };
    const seen: Got[] = [];
    for await (const each of overSocket(run)) {
      seen.push(each);
      if (seen.length === 4) break;
    }
    // Another version is published meanwhile: the completion stays what it was.
    await createVersion(gateway(), {
      slug: 'summarize-ticket',
      version: summarising(undefined, { model: 'demo/assistant' }),
    });
    await setLabel(gateway(), { slug: 'summarize-ticket', label: 'production', version: 2 });
    const rest = await Array.fromAsync(overSocket({ ...run, after: seen.at(-1)!.event.cursor }));
    const text = [...seen, ...rest].map(({ event }) => event.text ?? '').join('');
    const { result } = rest.at(-1)!;
    expect(JSON.parse(text)).toMatchObject({ title: (result as { title: string }).title });
    expect(isBeginningOf(result, rest[0]?.partial)).toBe(true);
    expect(rest[0]?.partial).not.toBeNull();
    expect(await listSettled(gateway(), key.id)).toMatchObject([{ status: 'SUCCEEDED', version: 1 }]);
    await setLabel(gateway(), { slug: 'summarize-ticket', label: 'production', version: 1 });
  });

  it('has no partial where the answer is text', async () => {
    const query = 'subscription { ai { greet(name: "Ada Lovelace") { event { __typename } result } } }';
    const got = await Array.fromAsync(overSocket(undefined, query));
    expect(got.at(-1)).toEqual({ event: { __typename: 'CompletionFinished' }, result: 'Ada Lovelace' });
    const partial = overSocket(undefined, query.replace('result', 'partial'));
    await expect(partial.next()).rejects.toMatchObject([{ message: expect.stringContaining('"partial"') }]);
  });

  it('that is refused ends with one event, which says why and where', async () => {
    const got = await Array.fromAsync(overSocket({ params: { topP: 3 } }));
    expect(got).toMatchObject([
      {
        event: {
          kind: 'CompletionFailed',
          errors: [{ code: 'INVALID_INPUT', path: ['run', 'params', 'topP'] }],
        },
        result: null,
      },
    ]);
    expect(await listSettled(gateway(), key.id)).toEqual([]);
  });

  it.each([
    ['of two prompts', 'a: greet(name: "x") { result } b: greet(name: "y") { result }', 'a, b'],
    ['of none', '__typename', 'none'],
    ['of one that is left out', 'greet(name: "x") @skip(if: true) { result }', 'none'],
  ])('%s is refused', async (_, fields, names) => {
    const query = `subscription { ai { ${fields} } }`;
    const message = expect.stringContaining(`exactly one prompt; this one asks for ${names}`);
    await expect(overSocket(undefined, query).next()).rejects.toMatchObject([
      { message, extensions: { code: 'INVALID_INPUT' } },
    ]);
  });

  it('may name its prompt in a fragment, and ask for type names', async () => {
    const query = `subscription { ai { __typename ...Greet } }
      fragment Greet on AiStream { ... @include(if: true) { greet(name: "x") { __typename result } } }`;
    const socket = gateway().socket({ key: key.secret });
    const got = await Array.fromAsync(socket.iterate({ query }));
    expect(got.at(-1)?.data).toEqual({
      ai: { __typename: 'AiStream', greet: { __typename: 'GreetEvent', result: 'x' } },
    });
  });

  it('keeps the graph that it began with while another is published', async () => {
    const stream = overSocket({ model: 'demo/assistant', coalesceMs: 0 });
    await stream.next();
    await createVersion(gateway(), {
      slug: 'summarize-ticket',
      version: saying('text {{ ticket }}', { variables: [{ name: 'ticket', type: 'STRING' }] }),
    });
    await setLabel(gateway(), { slug: 'summarize-ticket', label: 'production', version: 3 });
    const got = await Array.fromAsync(stream);
    expect(got.at(-1)?.result).toMatchObject({ urgency: 'LOW' });
    await setLabel(gateway(), { slug: 'summarize-ticket', label: 'production', version: 1 });
  });
});
