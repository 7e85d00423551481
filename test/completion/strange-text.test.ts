import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { completionOf, create, listCompletions, say, STREAM } from './support/completions.ts';
import { STREAMING, subscribe, textOf, typeOf } from './support/streams.ts';

const gateway = useGateway();

/** What a JSON text can hold and PostgreSQL cannot: NUL, and halves of characters. */
const STRANGE = [
  ['a NUL', 'a\0b', 'a\uFFFDb'],
  ['half a character', 'a\ud83db', 'a\uFFFDb'],
  ['the other half', 'a\ude00b', 'a\uFFFDb'],
  ['an escape that is text', String.raw`a\u0000b`, String.raw`a\u0000b`],
  ['an emoji', 'a😀b', 'a😀b'],
] as const;

describe.each(STRANGE)('%s', (name, text, stored) => {
  it('in a prompt is answered and kept', async () => {
    const tag = { key: 'text', value: name };
    const { completion, errors } = await create(gateway(), say('demo/echo', text, { tags: [tag] }));
    expect(errors).toEqual([]);
    expect(completion?.status).toBe('SUCCEEDED');
    expect(await listCompletions(gateway(), { tag })).toMatchObject([{ status: 'SUCCEEDED', text: stored }]);
  });

  it.each(STREAMING)('is streamed over %s', async (transport) => {
    const variables = { input: say('demo/echo', text) };
    const events = await (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
    expect(textOf(events).toWellFormed().replaceAll('\0', '\uFFFD')).toBe(stored);
    expect(typeOf(events.at(-1))).toBe('CompletionFinished');
  });

  it('in tags and in the end user is kept, and finds the completion again', async () => {
    const tag = { key: `key ${text}`, value: `value ${name} ${text}` };
    const endUserId = `${name} ${text}`;
    const { id } = completionOf(await create(gateway(), say('demo/echo', 'Hi', { tags: [tag], endUserId })));
    for (const filter of [
      { tag },
      { endUserId: { eq: endUserId } },
      { endUserId: { in: [endUserId] } },
      { endUserId: { contains: `${name} ${text}` } },
    ]) {
      expect(await listCompletions(gateway(), filter)).toMatchObject([
        {
          id,
          endUserId: `${name} ${stored}`,
          tags: [{ key: `key ${stored}`, value: `value ${name} ${stored}` }],
        },
      ]);
    }
  });

  it.each([{ keyId: text }, { teamId: text }, { model: { eq: text } }, { model: { contains: text } }])(
    'in a filter finds nothing: %j',
    async (filter) => {
      expect(await listCompletions(gateway(), filter)).toEqual([]);
    },
  );

  it('in a structured answer is kept, in its values and its keys', async () => {
    const answer = JSON.stringify({ [`key ${text}`]: `value ${text}` });
    const tag = { key: 'object', value: name };
    const input = say('demo/echo', answer, { output: { jsonSchema: { type: 'object' } }, tags: [tag] });
    const { completion, errors } = await create(gateway(), input);
    expect(errors).toEqual([]);
    expect(completion?.status).toBe('SUCCEEDED');
    const [kept] = await listCompletions(gateway(), { tag });
    expect(kept?.object).toEqual({ [`key ${stored}`]: `value ${stored}` });
  });
});
