import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FALLBACK_REASONS, type FallbackReason } from '../../src/domain/route.ts';
import { useGateway } from '../support/gateway.ts';
import { cancel, completionOf, create, say, STREAM, type Input } from './support/completions.ts';
import { COURSE, setCourse } from './support/courses.ts';
import { subscribe, textOf, typeOf, type Subscription } from './support/streams.ts';
import { startVendor, type Vendor } from './support/vendor.ts';

const [first, second] = [await startVendor('first'), await startVendor('second')];
/** Takes connections and says nothing, not even who it is. */
const mute = createServer(() => {}).listen(0, '127.0.0.1');
await once(mute, 'listening');
const muteUrl = `https://127.0.0.1:${(mute.address() as AddressInfo).port}/v1`;
afterAll(async () => {
  mute.close();
  await Promise.all([first.close(), second.close()]);
});

const BOTH = [{ name: 'first/model' }, { name: 'second/model' }];
beforeEach(() => setCourse(gateway(), { models: BOTH }));
afterEach(() => {
  for (const vendor of [first, second])
    Object.assign(vendor, { refusal: undefined, complaint: 'slow down', headers: {} });
});
/** Two that take the same, and one that takes more. */
const SIZES = [
  { id: 'small', contextWindow: 8_000 },
  { id: 'large', contextWindow: 9_000 },
];
const sized = ({ config }: Vendor) => ({ ...config, models: [...config.models, ...SIZES] });
const gateway = useGateway({
  config: { providers: [sized(first), sized(second), { ...first.config, name: 'mute', baseURL: muteUrl }] },
});

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const ASK = say(COURSE, 'Hi');
const asking = (more: Input = {}) => create(gateway(), { ...ASK, ...more });
const streaming = (more: Input = {}): Promise<Subscription> =>
  subscribe('WS', gateway(), { query: STREAM, variables: { input: { ...ASK, ...more }, coalesceMs: 0 } });

async function answer(vendor: Vendor, text: string): Promise<void> {
  const call = await vendor.nextCall();
  call.say(text);
  call.finish();
}

/** What the journal has of each attempt. */
async function readJournal(id: string): Promise<string[]> {
  const rows = await gateway().gateway.database.sql<{ line: string }[]>`
    SELECT attempt || ' ' || split_part(credit_account, ':', 3) || ' ' || amount_nanos AS line
    FROM ledger_entries WHERE completion_id = ${id} AND kind = 'SETTLE' ORDER BY attempt`;
  return rows.map(({ line }) => line);
}

describe('the next model is asked', () => {
  const refusals: { reason: FallbackReason; status: number; complaint: string; attempt: object }[] = [
    { reason: 'ERROR', status: 500, complaint: 'oops', attempt: { status: 'ERROR', httpStatus: 500 } },
    {
      reason: 'RATE_LIMITED',
      status: 429,
      complaint: 'slow down',
      attempt: { status: 'RATE_LIMITED', httpStatus: 429 },
    },
    {
      reason: 'CONTEXT_OVERFLOW',
      status: 400,
      complaint: 'maximum context length exceeded',
      attempt: { status: 'ERROR', errorType: 'CONTEXT_WINDOW_EXCEEDED' },
    },
  ];
  it.each(refusals)('after $reason, and only where that is a reason', async (refusal) => {
    const name = refusal.reason === 'RATE_LIMITED' ? 'first/busy' : 'first/model';
    await setCourse(gateway(), { models: [{ name }, BOTH[1]!], fallbackOn: [refusal.reason] });
    Object.assign(first, { refusal: refusal.status, complaint: refusal.complaint });
    const answering = answer(second, 'Here you are');
    const completion = completionOf(await asking());
    await answering;
    expect(completion).toMatchObject({
      status: 'SUCCEEDED',
      text: 'Here you are',
      requestedModel: COURSE,
      model: { name: 'second/model' },
      attempts: [
        { provider: 'first', ...refusal.attempt, usage: { source: 'NONE' }, firstTokenMs: null },
        { provider: 'second', status: 'OK', usage: { input: 10, output: 20 }, cost: { amount: '0.00003' } },
      ],
      usage: { input: 10, output: 20 },
      cost: { amount: '0.00003' },
    });
    expect(await readJournal(completion.id)).toEqual(['0 first 0', '1 second 30000']);

    await setCourse(gateway(), {
      models: [{ name: `${name}2` }, BOTH[1]!],
      fallbackOn: FALLBACK_REASONS.filter((reason) => reason !== refusal.reason),
    });
    const alone = completionOf(await asking());
    expect(alone).toMatchObject({ status: 'FAILED', attempts: [refusal.attempt] });
  });

  it('after an overflow only where more fits', async () => {
    const names = ['first/small', 'second/small', 'second/large'];
    await setCourse(gateway(), { models: names.map((name) => ({ name })) });
    Object.assign(first, { refusal: 400, complaint: 'maximum context length exceeded' });
    const answering = answer(second, 'Here you are');
    const { attempts } = completionOf(await asking());
    await answering;
    expect(attempts.map(({ model }) => model)).toEqual(['first/small', 'second/large']);
  });

  it('when nothing comes in the time of the first', async () => {
    await setCourse(gateway(), {
      models: [{ name: 'first/model', timeouts: { firstTokenMs: 50 } }, BOTH[1]!],
    });
    const answering = answer(second, 'Here you are');
    expect(completionOf(await asking())).toMatchObject({
      text: 'Here you are',
      attempts: [{ status: 'TIMEOUT' }, { status: 'OK' }],
    });
    await (
      await first.nextCall()
    ).closed;
    await answering;
  });

  it('when there is no connection with the first in its time, and not when only its answer takes longer', async () => {
    await setCourse(gateway(), { models: [{ name: 'mute/model', timeouts: { connectMs: 100 } }, BOTH[1]!] });
    const answering = answer(second, 'Here you are');
    expect(completionOf(await asking())).toMatchObject({
      text: 'Here you are',
      attempts: [{ provider: 'mute', status: 'TIMEOUT' }, { provider: 'second' }],
    });
    await answering;

    await setCourse(gateway(), { models: [{ name: 'first/model', timeouts: { connectMs: 100 } }, BOTH[1]!] });
    const asked = asking();
    const call = await first.nextCall();
    await new Promise((resolve) => setTimeout(resolve, 150));
    call.say('At last');
    call.finish();
    expect(completionOf(await asked)).toMatchObject({ text: 'At last', attempts: [{ status: 'OK' }] });
  });

  it('when the first keeps its answer to itself', async () => {
    const filtering = first.nextCall().then((call) => call.finish('content_filter'));
    const answering = answer(second, 'Here you are');
    const completion = completionOf(await asking());
    await Promise.all([filtering, answering]);
    expect(completion).toMatchObject({ text: 'Here you are', usage: { input: 20, output: 40 } });
    expect(await readJournal(completion.id)).toEqual(['0 first 30000', '1 second 30000']);
  });

  it('when the answer does not meet the schema, and what was said begins anew', async () => {
    const events = (await streaming({ output: { jsonSchema: SCHEMA } })).rest();
    await answer(first, '{"town":"Bern"}');
    await answer(second, '{"city":"Bern"}');
    const told = await events;
    expect(told.map(typeOf)).toEqual([
      'CompletionStarted',
      'CompletionTextDelta',
      'CompletionReset',
      'CompletionTextDelta',
      'CompletionFinished',
    ]);
    expect(told[2]).toMatchObject({ reason: 'RESTARTED' });
    expect(told[4]?.completion).toMatchObject({ object: { city: 'Bern' }, cost: { amount: '0.00006' } });
  });

  it('until none is left, and the last failure is told', async () => {
    Object.assign(first, { refusal: 500 });
    Object.assign(second, { refusal: 503, complaint: 'also down' });
    const { completion, errors } = await asking();
    expect(errors).toMatchObject([{ attempts: [{ provider: 'first' }, { provider: 'second' }] }]);
    expect(completion).toMatchObject({ status: 'FAILED', cost: { amount: '0' }, usage: { source: 'NONE' } });
  });
});

describe('an answer that does not meet the schema', () => {
  it('is sent back to its model with what is wrong with it', async () => {
    await setCourse(gateway(), { models: BOTH, repairs: 1 });
    const asked = asking({ output: { jsonSchema: SCHEMA } });
    await answer(first, '{"town":"Bern"}');
    const again = await first.nextCall();
    expect(await again.body).toMatchObject({
      messages: [
        { role: 'user' },
        { role: 'assistant', content: '{"town":"Bern"}' },
        { role: 'user', content: expect.stringContaining('does not meet the schema') },
      ],
    });
    again.say('{"city":"Bern"}');
    again.finish();
    const completion = completionOf(await asked);
    expect(completion).toMatchObject({
      object: { city: 'Bern' },
      attempts: [{ status: 'OK' }, { status: 'OK' }],
    });
    expect(await readJournal(completion.id)).toEqual(['0 first 30000', '1 first 30000']);
  });
});

describe('a stream that breaks off', () => {
  it('before its first words is not noticed', async () => {
    const events = (await streaming()).rest();
    (await first.nextCall()).breakOff();
    await answer(second, 'Here you are');
    expect((await events).map(typeOf)).toEqual([
      'CompletionStarted',
      'CompletionTextDelta',
      'CompletionFinished',
    ]);
  });

  it('after them ends the completion, by default', async () => {
    const stream = await streaming();
    await stream.next();
    const call = await first.nextCall();
    call.say('Here');
    await stream.next();
    call.breakOff();
    expect(await stream.rest()).toMatchObject([{ failureReason: 'CUT', partial: { text: 'Here' } }]);
  });

  it('begins anew where the course says so, and both are paid', async () => {
    await setCourse(gateway(), { models: [BOTH[0]!], onCut: 'RESTART' });
    const stream = await streaming();
    await stream.next();
    const call = await first.nextCall();
    call.say('Here');
    await stream.next();
    call.breakOff();
    await answer(first, 'Hello');
    const [reset, ...rest] = await stream.rest();
    expect(reset).toMatchObject({ __typename: 'CompletionReset', reason: 'RESTARTED' });
    expect(textOf(rest)).toBe('Hello');
    const { completion } = rest.at(-1)!;
    expect(completion).toMatchObject({
      text: 'Hello',
      attempts: [
        { status: 'ERROR', usage: { source: 'ESTIMATED', output: 1 } },
        { status: 'OK', usage: { source: 'REPORTED' } },
      ],
      usage: { source: 'ESTIMATED' },
    });
    const [cut, whole] = await readJournal(completion!.id);
    expect(whole).toBe('1 first 30000');
    expect(cut).toMatch(/^0 first [1-9]/);
  });
});

describe('a completion that is cancelled', () => {
  it('in its second attempt pays for both', async () => {
    await setCourse(gateway(), { models: BOTH, onCut: 'RESTART' });
    const stream = await streaming();
    const { completionId } = (await stream.next())!;
    const call = await first.nextCall();
    call.say('Here');
    await stream.next();
    call.breakOff();
    const again = await second.nextCall();
    again.say('Hello');
    expect([typeOf(await stream.next()), typeOf(await stream.next())]).toEqual([
      'CompletionReset',
      'CompletionTextDelta',
    ]);
    await cancel(gateway(), completionId);
    expect(await stream.rest()).toMatchObject([
      {
        failureReason: 'CANCELLED',
        partial: { text: 'Hello', attempts: [{ status: 'ERROR' }, { status: 'CANCELLED' }] },
      },
    ]);
    expect(await readJournal(completionId)).toHaveLength(2);
  });

  it('while it waits for another try is not tried again', async () => {
    await setCourse(gateway(), { models: [{ name: 'first/tired', retries: 3 }] });
    Object.assign(first, { refusal: 500, headers: { 'retry-after': '5' }, calls: 0 });
    const stream = await streaming();
    const { completionId } = (await stream.next())!;
    const { sql } = gateway().gateway.database;
    const isResting = async () => {
      const [row] = await sql`SELECT resting FROM completions WHERE id = ${completionId}`;
      return row?.['resting'];
    };
    await expect.poll(isResting).toBe(true);
    await cancel(gateway(), completionId);
    expect(await stream.rest()).toMatchObject([
      { failureReason: 'CANCELLED', partial: { attempts: [{ status: 'ERROR', httpStatus: 500 }] } },
    ]);
    expect(first.calls).toBe(1);
    expect(await readJournal(completionId)).toEqual(['0 first 0']);
  });
});
