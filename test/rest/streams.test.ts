import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey, revoke } from '../access/support/keys.ts';
import { cancel, listCompletions, waitForCompletion } from '../completion/support/completions.ts';
import { publish, saying } from '../prompts/support.ts';
import { useGateway } from '../support/gateway.ts';
import { allEvents, pathOf, readEvents, run, send, textOf, type Sending, type SentEvent } from './support.ts';

const gateway = useGateway();

const LONG = Array.from({ length: 120 }, (_, index) => `word${index}`).join(' ');

beforeAll(async () => {
  await publish(gateway(), 'recite', saying(LONG));
  await publish(gateway(), 'break-off', saying('Go on.', { model: 'demo/cut' }));
  await publish(gateway(), 'talk', saying('Go on.', { model: 'demo/slow' }));
  await publish(gateway(), 'think', saying('Why?', { model: 'demo/reasoning' }));
});

const stream = (slug: string, body: object = {}, sending: Sending = {}) =>
  send(gateway(), pathOf(slug), { stream: true, ...body }, sending);
const namesOf = (events: SentEvent[]) => [...new Set(events.map(({ event }) => event))];

describe('a stream', () => {
  it('begins, comes in pieces, and ends once', async () => {
    const response = await stream('recite');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = await allEvents(response);
    expect(namesOf(events)).toEqual(['started', 'delta', 'finished']);
    expect(events.filter(({ event }) => event === 'delta').length).toBeGreaterThan(3);
    expect(textOf(events)).toBe(LONG);
    expect(events[0]!.data).toEqual({
      id: expect.stringMatching(/^cmpl_/),
      model: 'demo/echo',
      promptVersion: 1,
    });
    expect(events.at(-1)!.data).toMatchObject({ id: events[0]!.data.id, status: 'SUCCEEDED', text: LONG });
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('tells what the model thinks apart from what it says', async () => {
    const events = await allEvents(await stream('think'));
    expect(namesOf(events)).toEqual(['started', 'reasoning', 'delta', 'finished']);
  });

  it('ends with its failure, and with what came before it', async () => {
    const events = await allEvents(await stream('break-off'));
    expect(namesOf(events)).toEqual(['started', 'delta', 'failed']);
    expect(events.filter(({ event }) => event === 'failed')).toHaveLength(1);
    expect(events.at(-1)!.data).toMatchObject({
      errors: [{ code: 'PROVIDER_ERROR' }],
      completion: { status: 'FAILED', text: textOf(events) },
    });
  });

  it('ends when its completion is cancelled', async () => {
    const tag = { key: 'case', value: 'cancelled' };
    const response = await stream('talk', { tags: [tag] });
    const { id } = await waitForCompletion(gateway(), tag, () => true);
    await cancel(gateway(), id);
    const events = await allEvents(response);
    expect(events.at(-1)).toMatchObject({
      event: 'failed',
      data: { errors: [{ code: 'CANCELLED' }], completion: { id, status: 'CANCELLED' } },
    });
  });

  it('takes its completion along when its client leaves, where no key promises a way back', async () => {
    const tag = { key: 'case', value: 'left' };
    const client = new AbortController();
    const response = await stream('talk', { tags: [tag] }, { signal: client.signal });
    await readEvents(response).next();
    client.abort();
    expect((await waitForCompletion(gateway(), tag)).status).toBe('CANCELLED');
  });

  it('ends as soon as its key is revoked', async () => {
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const tag = { key: 'case', value: 'revoked' };
    const response = await stream('talk', { tags: [tag] }, { key: key.secret });
    const events = readEvents(response);
    await events.next();
    await revoke(gateway(), key);
    const rest = await Array.fromAsync(events);
    expect(rest.at(-1)).toMatchObject({
      event: 'failed',
      data: { errors: [{ code: 'UNAUTHENTICATED' }], completion: null },
    });
    expect((await waitForCompletion(gateway(), tag)).status).toBe('CANCELLED');
  });

  it('that is refused is no stream', async () => {
    const response = await stream('nothing-of-the-kind');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] });
  });
});

describe('a lost stream', () => {
  const again = (id: string) => ({ 'idempotency-key': 'resumed', 'last-event-id': id });
  const tag = { key: 'case', value: 'resumed' };

  it('goes on where it was lost: nothing is lost, repeated or charged twice', async () => {
    const client = new AbortController();
    const headers = { 'idempotency-key': 'resumed' };
    const lost = readEvents(await stream('recite', { tags: [tag] }, { headers, signal: client.signal }));
    const seen: SentEvent[] = [];
    while (textOf(seen).length < 100) seen.push((await lost.next()).value as SentEvent);
    client.abort();
    const rest = await allEvents(
      await stream('recite', { tags: [tag] }, { headers: again(seen.at(-1)!.id!) }),
    );
    expect(namesOf(rest)).toEqual(['delta', 'finished']);
    expect(textOf([...seen, ...rest])).toBe(LONG);
    expect(await listCompletions(gateway(), { tag })).toHaveLength(1);
  });

  it('that was seen to its end is told the end again', async () => {
    const headers = { 'idempotency-key': 'resumed' };
    const all = await allEvents(await stream('recite', { tags: [tag] }, { headers }));
    const rest = await allEvents(
      await stream('recite', { tags: [tag] }, { headers: again(all.at(-1)!.id!) }),
    );
    expect(rest.map(({ event }) => event)).toEqual(['finished']);
  });

  it('whose place is not known any more begins again, and says so', async () => {
    const events = await allEvents(await stream('recite', { tags: [tag] }, { headers: again('00000000.3') }));
    expect(events[0]).toMatchObject({ event: 'reset', data: { reason: 'REPLAYED' } });
    expect(textOf(events)).toBe(LONG);
  });

  it('is not found without its key, or by what is no place', async () => {
    const refusals = [{ 'last-event-id': '00000000.3' }, again('yesterday')];
    for (const headers of refusals) {
      const response = await stream('recite', { tags: [tag] }, { headers });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        errors: [{ code: 'INVALID_INPUT', path: ['last-event-id'] }],
      });
    }
  });

  it('may be asked for as a whole', async () => {
    const { body } = await run(
      gateway(),
      'recite',
      { tags: [tag] },
      { headers: { 'idempotency-key': 'resumed' } },
    );
    expect(body.text).toBe(LONG);
  });
});
