import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Completion, CompletionEvent } from '../../src/domain/completion.ts';
import { createStreamLog, type Entry, type StreamLog } from '../../src/events/stream-log.ts';

const completion = { id: 'cmpl_1' } as Completion;
const STARTED: CompletionEvent = { type: 'started', completion };
const FINISHED: CompletionEvent = { type: 'finished', completion };
const say = (text: string): CompletionEvent => ({ type: 'text', text });
const think = (text: string): CompletionEvent => ({ type: 'reasoning', text });

const never = new AbortController().signal;

async function readAll(log: StreamLog, after?: string, coalesceMs = 0): Promise<Entry[]> {
  return Array.fromAsync(log.read(after, coalesceMs, never));
}

function logOf(...events: CompletionEvent[]): StreamLog {
  const log = createStreamLog();
  for (const event of events) log.append(event);
  return log;
}

/** What a client would show: the pieces of each kind joined as long as the kind stays the same. */
function toTranscript(entries: Entry[]): CompletionEvent[] {
  return entries.reduce<CompletionEvent[]>((all, { event }) => {
    const last = all.at(-1);
    const isMore = (event.type === 'text' || event.type === 'reasoning') && last?.type === event.type;
    return isMore ? [...all.slice(0, -1), { ...last, text: last.text + event.text }] : [...all, event];
  }, []);
}

const delta = fc.oneof(
  fc.string({ minLength: 1 }).map(say),
  fc.string({ minLength: 1 }).map(think),
  fc.record({
    type: fc.constant('tool-delta' as const),
    id: fc.constant('call_1'),
    name: fc.constant('now'),
    delta: fc.string(),
  }),
);
const whole = fc.array(delta, { maxLength: 30 }).map((deltas) => [STARTED, ...deltas, FINISHED]);

describe('a reader', () => {
  it('gets every event, in order, to the end', async () => {
    const events = [STARTED, think('hm'), say('a'), say('b'), FINISHED];
    expect((await readAll(logOf(...events))).map(({ event }) => event)).toEqual(events);
  });

  it('of a stream under way waits for what is to come', async () => {
    const log = logOf(STARTED);
    const reading = readAll(log);
    for (const event of [say('a'), say('b'), FINISHED]) {
      log.append(event);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await reading).map(({ event }) => event)).toEqual([STARTED, say('a'), say('b'), FINISHED]);
  });

  it('that comes back with a cursor misses nothing and hears nothing twice, wherever it broke off', async () => {
    await fc.assert(
      fc.asyncProperty(whole, fc.nat(40), fc.constantFrom(0, 5), async (events, place, coalesceMs) => {
        const log = logOf(...events);
        const all = await readAll(log, undefined, coalesceMs);
        const heard = all.slice(0, (place % all.length) + 1);
        if (heard.length === all.length) heard.pop();
        const rest = await readAll(log, heard.at(-1)?.cursor, coalesceMs);
        expect(toTranscript([...heard, ...rest])).toEqual(
          toTranscript(events.map((event) => ({ cursor: '', event }))),
        );
      }),
    );
  });

  it('that coalesces hears the same in fewer pieces, and never joins two kinds', async () => {
    await fc.assert(
      fc.asyncProperty(whole, async (events) => {
        const joined = await readAll(logOf(...events), undefined, 5);
        expect(joined.map(({ event }) => event)).toEqual(toTranscript(joined));
        expect(toTranscript(joined)).toEqual(toTranscript(events.map((event) => ({ cursor: '', event }))));
      }),
    );
  });

  it('that has heard the end hears it once more', async () => {
    const log = logOf(STARTED, say('a'), FINISHED);
    const last = (await readAll(log)).at(-1);
    expect(await readAll(log, last?.cursor)).toEqual([last]);
  });

  it('of another log begins again, and is told so', async () => {
    const [old] = await readAll(logOf(STARTED, FINISHED));
    const entries = await readAll(logOf(STARTED, say('a'), FINISHED), old?.cursor);
    expect(entries.map(({ event }) => event.type)).toEqual(['reset', 'started', 'text', 'finished']);
  });

  it('that reads nothing keeps nobody waiting', async () => {
    const log = logOf(STARTED);
    const slow = log.read(undefined, 0, never);
    await slow.next();
    const events = Array.from({ length: 5_000 }, (_, index) => say(`${index} `));
    for (const event of [...events, FINISHED]) log.append(event);
    expect(await readAll(log)).toHaveLength(5_002);
    expect(toTranscript(await Array.fromAsync(slow))).toEqual(
      toTranscript([...events, FINISHED].map((event) => ({ cursor: '', event }))),
    );
  });

  it('counts what is kept', () => {
    const size = logOf(say('12345'), think('123')).size();
    expect(size).toBe(8);
  });
});

describe('a reader of a silent stream leaves at once', () => {
  it('by return(), while it waits for company', async () => {
    const log = logOf(STARTED, say('a'));
    const reader = log.read(undefined, 60_000, never);
    for (let seen = 0; seen < 2; seen += 1) await reader.next();
    log.append(say('b'));
    const waiting = reader.next();
    await reader.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });

  it('by return(), while it waits for the first event', async () => {
    const reader = createStreamLog().read(undefined, 0, never);
    const waiting = reader.next();
    await reader.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });

  it('by its signal', async () => {
    const controller = new AbortController();
    const reader = createStreamLog().read(undefined, 0, controller.signal);
    const waiting = reader.next();
    controller.abort();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });

  it('when its signal had aborted before', async () => {
    const reader = logOf(STARTED, FINISHED).read(undefined, 0, AbortSignal.abort());
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });
});

it.each(['', 'x', '1.2.3', 'ffffffff.', 'FFFFFFFF.1', ' ffffffff.1', 'ffffffff.1e3'])(
  '%j is no cursor',
  async (cursor) => {
    const issues = [{ path: ['after'], message: expect.stringContaining('is no cursor') }];
    await expect(async () => readAll(logOf(STARTED, FINISHED), cursor)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues,
    });
  },
);
