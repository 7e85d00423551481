import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import {
  cancel,
  completionOf,
  create,
  EVENTS,
  say,
  STREAM,
  type EventData,
  type Input,
} from './support/completions.ts';
import { COURSE, setCourse } from './support/courses.ts';
import { subscribe, textOf, typeOf, type Subscription } from './support/streams.ts';
import { startVendor, type Call, type Vendor } from './support/vendor.ts';

const [first, second, other] = [
  await startVendor('first'),
  await startVendor('second'),
  await startVendor('other'),
];
afterAll(() => Promise.all([first.close(), second.close(), other.close()]));
afterEach(() => {
  for (const vendor of [first, second]) vendor.refusal = undefined;
});

/** The first two are asked to go on; the other one begins every answer anew. */
const gateway = useGateway({
  config: {
    providers: [
      { ...first.config, continuation: 'last-message' },
      { ...second.config, continuation: 'vllm' },
      other.config,
    ],
  },
});
const [FIRST, SECOND, OTHER] = ['first/model', 'second/model', 'other/model'].map((name) => ({ name }));
const setModels = (...models: { name: string; retries?: number }[]) =>
  setCourse(gateway(), { models, onCut: 'CONTINUE' });
beforeEach(() => setModels(FIRST!, OTHER!, SECOND!));

const streaming = (more: Input = {}): Promise<Subscription> =>
  subscribe('WS', gateway(), {
    query: STREAM,
    variables: { input: { ...say(COURSE, 'Hi'), ...more }, coalesceMs: 0 },
  });

/** The answer of a vendor breaks off after these words, once the caller has them. */
async function breakOffAfter(text: string, vendor: Vendor, stream: Subscription): Promise<void> {
  const call = await vendor.nextCall();
  call.say(text);
  while (typeOf(await stream.next()) !== 'CompletionTextDelta');
  call.breakOff();
}

const messagesOf = async (call: Call) => ((await call.body) as { messages: unknown[] }).messages;

function end(call: Call, text: string): void {
  call.say(text);
  call.finish();
}

async function readJournal(id: string): Promise<string[]> {
  const rows = await gateway().gateway.database.sql<{ line: string }[]>`
    SELECT kind || ' ' || attempt || ' ' || split_part(credit_account, ':', 3) || ' ' || amount_nanos AS line
    FROM ledger_entries WHERE completion_id = ${id} AND kind <> 'RELEASE' ORDER BY attempt, kind`;
  return rows.map(({ line }) => line);
}

describe('a stream that breaks off', () => {
  it('is gone on with by the next model that can: one text, one end, and each attempt is paid', async () => {
    const stream = await streaming();
    await breakOffAfter('The wheel ', first, stream);
    const call = await second.nextCall();
    expect(await call.body).toMatchObject({
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'The wheel' },
      ],
      continue_final_message: true,
      add_generation_prompt: false,
    });
    call.say(' turns');
    call.finish();
    const events = await stream.rest();
    expect(events.map(typeOf)).toEqual(['CompletionTextDelta', 'CompletionFinished']);
    expect(textOf(events)).toBe('turns');
    const { completion } = events.at(-1)!;
    expect(completion).toMatchObject({
      status: 'SUCCEEDED',
      text: 'The wheel turns',
      parts: [{ text: 'The wheel turns' }],
      model: { name: 'second/model' },
      attempts: [
        { model: 'first/model', status: 'ERROR', usage: { source: 'ESTIMATED' } },
        { model: 'second/model', status: 'OK', usage: { input: 10, output: 20, source: 'REPORTED' } },
      ],
    });
    const [cut, whole] = completion!.attempts;
    expect(completion!.usage).toMatchObject({
      input: cut!.usage.input + whole!.usage.input,
      output: cut!.usage.output + whole!.usage.output,
    });
    expect(completion!.latency!.firstTokenMs).toBeLessThanOrEqual(cut!.firstTokenMs! + 1);
    const lines = await readJournal(completion!.id);
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toBe('SETTLE 1 second 30000');
    expect(other.calls).toBe(0);
  });

  it('is gone on with by the same model after its retries, as often as it breaks off', async () => {
    await setModels({ ...FIRST!, retries: 2 });
    const stream = await streaming();
    await breakOffAfter('The', first, stream);
    await breakOffAfter(' wheel', first, stream);
    const call = await first.nextCall();
    expect((await messagesOf(call)).at(-1)).toMatchObject({ role: 'assistant', content: 'The wheel' });
    end(call, ' turns');
    expect((await stream.rest()).at(-1)?.completion).toMatchObject({
      text: 'The wheel turns',
      attempts: [{ status: 'ERROR' }, { status: 'ERROR' }, { status: 'OK' }],
    });
  });

  it('is held for with what it goes on from', async () => {
    const stream = await streaming({ params: { maxOutputTokens: 100 } });
    await breakOffAfter('word '.repeat(50), first, stream);
    const call = await second.nextCall();
    const { max_tokens: most } = (await call.body) as { max_tokens: number };
    expect(most).toBeLessThan(100);
    const held = gateway().gateway.database.sql<{ attempt: number; input: number }[]>`
      SELECT attempt, estimated_input_tokens AS input FROM completions WHERE status = 'RUNNING'`;
    const [row] = await held;
    expect(row).toMatchObject({ attempt: 1 });
    expect(row!.input).toBeGreaterThan(50);
    end(call, 'end');
    await stream.rest();
  });

  it('is one text for whoever comes later', async () => {
    const stream = await streaming();
    const { completionId } = (await stream.next())!;
    await breakOffAfter('The wheel', first, stream);
    const call = await second.nextCall();
    const late = await subscribe('SSE', gateway(), {
      query: EVENTS,
      variables: { id: completionId, coalesceMs: 0 },
    });
    end(call, ' turns');
    const told: EventData[] = await late.rest();
    expect(told.map(typeOf)).not.toContain('CompletionReset');
    expect(textOf(told)).toBe('The wheel turns');
    await stream.rest();
  });

  it('is answered as one text where the caller waits for the whole', async () => {
    const asked = create(gateway(), say(COURSE, 'Hi'));
    const call = await first.nextCall();
    call.say('The wheel');
    await new Promise((resolve) => setTimeout(resolve, 50));
    call.breakOff();
    end(await second.nextCall(), ' turns');
    expect(completionOf(await asked)).toMatchObject({ status: 'SUCCEEDED', text: 'The wheel turns' });
  });

  it('is one message with what the caller has begun of the answer', async () => {
    const messages = [
      { role: 'USER', parts: [{ text: 'Hi' }] },
      { role: 'ASSISTANT', parts: [{ text: 'Well: ' }] },
    ];
    const stream = await streaming({ source: { messages } });
    await breakOffAfter('The wheel', first, stream);
    const call = await second.nextCall();
    expect(await messagesOf(call)).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: 'Well: The wheel' },
    ]);
    end(call, ' turns');
    await stream.rest();
  });

  it('can be cancelled while it is gone on with, and keeps all of its text', async () => {
    const stream = await streaming();
    await breakOffAfter('The wheel', first, stream);
    const call = await second.nextCall();
    call.say(' turns');
    const { completionId } = (await stream.next())!;
    await cancel(gateway(), completionId);
    expect(await stream.rest()).toMatchObject([
      { failureReason: 'CANCELLED', partial: { text: 'The wheel turns' } },
    ]);
  });
});

describe('what cannot be gone on with ends as a stream that was cut', () => {
  const CUT = [{ failureReason: 'CUT', partial: { status: 'FAILED' } }];

  it('where no model that is left can', async () => {
    await setModels({ ...SECOND! }, OTHER!);
    second.calls = 0;
    const stream = await streaming();
    const call = await second.nextCall();
    call.say('The');
    while (typeOf(await stream.next()) !== 'CompletionTextDelta');
    second.refusal = 400;
    call.breakOff();
    expect(await stream.rest()).toMatchObject(CUT);
    expect({ second: second.calls, other: other.calls }).toEqual({ second: 2, other: 0 });
  });

  it('where all others refuse, with the text that there is', async () => {
    // Others than above, whose models have broken off often enough to rest.
    await setModels({ name: 'first/fresh' }, { name: 'second/fresh' });
    second.refusal = 500;
    const stream = await streaming();
    await breakOffAfter('The wheel', first, stream);
    expect(await stream.rest()).toMatchObject([
      {
        failureReason: 'CUT',
        partial: {
          text: 'The wheel',
          attempts: [{ status: 'ERROR' }, { status: 'ERROR', httpStatus: 500 }],
        },
      },
    ]);
  });

  it('where JSON was asked for', async () => {
    await setModels({ name: 'first/json' }, { name: 'second/json' });
    second.calls = 0;
    const stream = await streaming({ output: { jsonSchema: { type: 'object' } } });
    await breakOffAfter('{"a":', first, stream);
    expect(await stream.rest()).toMatchObject(CUT);
    expect(second.calls).toBe(0);
  });
});

describe('the demo models', () => {
  it('show it: one breaks off, and goes on', async () => {
    await setModels({ name: 'demo/cut' });
    const stream = await streaming({ params: { maxOutputTokens: 10 } });
    const events = await stream.rest();
    const text = 'A sluice is a water channel that is controlled';
    expect(events.at(-1)?.completion).toMatchObject({
      text: expect.stringMatching(new RegExp(`^${text}`)),
      finishReason: 'LENGTH',
      attempts: [{ status: 'ERROR' }, { status: 'OK' }],
    });
    expect(textOf(events)).toBe(events.at(-1)?.completion?.text);
    expect(events.map(typeOf)).not.toContain('CompletionReset');
  });

  it('go on with what another one began', async () => {
    await setModels({ name: 'demo/cut' }, { name: 'demo/reasoning' }, { name: 'demo/echo' });
    const { text, attempts } = completionOf(await create(gateway(), say(COURSE, 'Hello')));
    expect(text).toBe('A sluice is a water Hello');
    expect(attempts.map(({ model }) => model)).toEqual(['demo/cut', 'demo/echo']);
  });
});
