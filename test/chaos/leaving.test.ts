import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { CREATE, EVENTS, say, STREAM, waitForCompletion } from '../completion/support/completions.ts';
import { subscribe, type Subscription, type WayToLeave } from '../completion/support/streams.ts';
import { useGateway } from '../support/gateway.ts';
import { newQuestion } from './support/asking.ts';
import { expectTruth } from './support/judge.ts';
import { startTruthfulVendor, WORDS, type Manner } from './support/truthful-vendor.ts';

const vendor = await startTruthfulVendor('vendor');
const gateway = useGateway({ config: { providers: [vendor.config] } });
afterEach(() => void (vendor.manner = {}));
afterAll(() => vendor.close());

const MOMENTS: { moment: string; said: number; manner: Manner }[] = [
  { moment: 'before the headers', said: 0, manner: { raw: () => {} } },
  { moment: 'before the first word', said: 0, manner: { stopAfter: 0 } },
  { moment: 'in the middle', said: 4, manner: { stopAfter: 4 } },
  {
    moment: 'behind the last word, before its usage is told',
    said: WORDS.length,
    manner: { words: [...WORDS, ' never'], stopAfter: WORDS.length },
  },
];
const WAYS_TO_LEAVE = ['HTTP aborted', 'SSE aborted', 'WS complete', 'WS close', 'WS terminate'] as const;

/** @returns how the client goes away, once it would have heard all that was said. */
async function begin(
  by: (typeof WAYS_TO_LEAVE)[number],
  input: { tags: { key: string; value: string }[] },
  said: number,
): Promise<() => void> {
  const heard = WORDS.slice(0, said).join('');
  const hear = async ({ next }: Subscription) => {
    for (let text = ''; text !== heard;) text += (await next())?.text ?? '';
  };
  if (by === 'HTTP aborted') {
    const leaving = new AbortController();
    gateway()
      .ask(CREATE, { input }, { signal: leaving.signal })
      .catch(() => {});
    const { id } = await waitForCompletion(gateway(), input.tags[0]!, () => true);
    const beside = await subscribe('WS', gateway(), { query: EVENTS, variables: { id, coalesceMs: 0 } });
    await hear(beside);
    beside.leave();
    return () => leaving.abort();
  }
  const leaveBy: WayToLeave = by;
  const transport = by === 'SSE aborted' ? 'SSE' : 'WS';
  const variables = { input, coalesceMs: 0 };
  const stream = await subscribe(transport, gateway(), { query: STREAM, variables }, { leaveBy });
  await hear(stream);
  return () => stream.leave();
}

describe.each(MOMENTS)('10: a client that leaves $moment', ({ moment, said, manner }) => {
  it.each(WAYS_TO_LEAVE)('(%s) is hung up for at once, and pays for what was said', async (by) => {
    vendor.manner = manner;
    const asked = newQuestion();
    const tag = { key: 'left', value: `${moment} ${by}` };
    const leave = await begin(by, { ...say('vendor/model', asked), tags: [tag] }, said);
    const callOf = () => vendor.log.find((each) => each.asked === asked);
    await expect.poll(() => callOf()?.said).toBe(said);
    leave();
    await expect.poll(() => callOf()?.end).toBe('HUNG_UP');
    const completion = await waitForCompletion(gateway(), tag);
    expect(completion).toMatchObject({ status: 'CANCELLED', failure: { reason: 'CANCELLED' } });
    await expectTruth(gateway(), completion, [vendor], asked, 0);
  });
});
