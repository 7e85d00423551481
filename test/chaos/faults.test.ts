import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { CourseSetting } from '../completion/support/courses.ts';
import { startUpstream } from '../providers/support/upstream.ts';
import { useGateway } from '../support/gateway.ts';
import { askCourse, WAYS, type Told, type Way } from './support/asking.ts';
import { openBlackHole } from './support/black-hole.ts';
import { expectTruth } from './support/judge.ts';
import { ANSWER, startTruthfulVendor, WORDS } from './support/truthful-vendor.ts';

/** The circuit of each model is its own, so that no fault sees that of another. */
const MODELS = Array.from({ length: 60 }, (_, at) => `model-${at}`);
const first = await startTruthfulVendor('first', MODELS);
const second = await startTruthfulVendor('second', MODELS);
const VENDORS = [first, second];
const hole = await openBlackHole();
const gone = await startUpstream(() => {});
await gone.close();
const at = (name: string, port: number) => ({
  ...first.config,
  name,
  baseURL: `http://127.0.0.1:${port}/v1`,
});
const gateway = useGateway({
  config: {
    providers: [...VENDORS.map(({ config }) => config), at('hole', hole.port), at('gone', gone.port)],
  },
});
afterEach(() => {
  for (const vendor of VENDORS) {
    vendor.manner = {};
    vendor.line.fault = {};
  }
});
afterAll(async () => {
  hole.close();
  await Promise.all(VENDORS.map((vendor) => vendor.close()));
});

let model = -1;
/** One of the first vendor that nobody has asked yet, and the same of the second. */
function fresh(provider = 'first') {
  model += 1;
  return { one: `${provider}/${MODELS[model]}`, other: `second/${MODELS[model]}` };
}
const asking = (way: Way, course: CourseSetting) => askCourse(gateway(), way, course);
/** Nothing, when the books hold what vendors did. */
const checkBooks = ({ completion, asked }: Told, unseen = 0) =>
  expectTruth(gateway(), completion, VENDORS, asked, unseen);
const callsFor = ({ asked }: Told, { log } = first) => log.filter((each) => each.asked === asked);

function expectAnswered({ completion, errors, heard }: Told, attempts: object[]): void {
  expect(errors).toEqual([]);
  expect(completion).toMatchObject({ status: 'SUCCEEDED', text: ANSWER, finishReason: 'STOP', attempts });
  expect(heard).toBe(ANSWER);
}

/** @param words that were heard before it broke off. */
function expectCut({ completion, errors, heard }: Told, words: number, attempt: object): void {
  const text = WORDS.slice(0, words).join('');
  expect(errors).toMatchObject([{ code: 'PROVIDER_ERROR' }]);
  expect(completion).toMatchObject({
    status: 'FAILED',
    finishReason: 'ERROR',
    text,
    failure: { reason: 'CUT' },
    attempts: [attempt],
  });
  expect(heard).toBe(text);
}

describe.each(WAYS)('an answer that comes %s', (way) => {
  describe('1: a vendor that asks for time', () => {
    it('is given it, and asked again', async () => {
      const [{ one }, calls] = [fresh(), first.log.length];
      first.manner = {
        refuse: (call) => (call === calls ? 429 : undefined),
        headers: { 'retry-after-ms': '120' },
      };
      const told = await asking(way, { models: [{ name: one, retries: 1 }] });
      expectAnswered(told, [{ status: 'RATE_LIMITED', httpStatus: 429 }, { status: 'OK' }]);
      const [refused, answered] = callsFor(told);
      expect(answered!.atMs - refused!.atMs).toBeGreaterThanOrEqual(119);
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });

    it('without a word on how much is asked again a little later', async () => {
      const [{ one }, calls] = [fresh(), first.log.length];
      first.manner = { refuse: (call) => (call === calls ? 429 : undefined) };
      const told = await asking(way, { models: [{ name: one, retries: 1 }] });
      expectAnswered(told, [{ status: 'RATE_LIMITED' }, { status: 'OK' }]);
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });

    it('for longer than anybody waits is left for the next one', async () => {
      const { one, other } = fresh();
      first.manner = { refuse: () => 429, headers: { 'retry-after': '3600' } };
      const told = await asking(way, { models: [{ name: one, retries: 2 }, { name: other }] });
      expectAnswered(told, [{ status: 'RATE_LIMITED' }, { status: 'OK', provider: 'second' }]);
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });

    it('and is the only one: the caller is told how long', async () => {
      const { one } = fresh();
      first.manner = { refuse: () => 429, headers: { 'retry-after': '7' } };
      const told = await asking(way, { models: [{ name: one }] });
      expect(told.errors).toMatchObject([{ code: 'RATE_LIMITED', retryAfterMs: 7_000 }]);
      expect(told.completion).toMatchObject({ status: 'FAILED', cost: { amount: '0' } });
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });
  });

  describe('3: a vendor that cannot be reached', () => {
    it.each(['gone', 'hole'])('(%s) is left for the next one', async (provider) => {
      const { one, other } = fresh(provider);
      const models = [{ name: one, timeouts: { connectMs: 200 } }, { name: other }];
      const told = await asking(way, { models });
      const status = provider === 'hole' ? 'TIMEOUT' : 'ERROR';
      expectAnswered(told, [{ provider, status, usage: { source: 'NONE' } }, { provider: 'second' }]);
      await expect(checkBooks(told, 1)).resolves.toBeUndefined();
    });
  });

  describe('4: a vendor that begins', () => {
    it('late, though in its time, is waited for', async () => {
      const { one, other } = fresh();
      first.line.fault = { delayMs: 40, jitterMs: 20 };
      const models = [{ name: one, timeouts: { firstTokenMs: 10_000 } }, { name: other }];
      const told = await asking(way, { models });
      expectAnswered(told, [{ provider: 'first', status: 'OK' }]);
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });

    it.each([
      ['does not even hear the question', { stallAfter: 0 }, {}],
      ['says nothing behind its headers', {}, { stopAfter: 0 }],
    ])('never, as it %s, is left for the next one', async (_how, fault, manner) => {
      const { one, other } = fresh();
      first.line.fault = fault;
      first.manner = manner;
      const models = [{ name: one, timeouts: { firstTokenMs: 200 } }, { name: other }];
      const told = await asking(way, { models });
      expectAnswered(told, [{ provider: 'first', status: 'TIMEOUT' }, { provider: 'second' }]);
      await expect(checkBooks(told, callsFor(told).length === 0 ? 1 : 0)).resolves.toBeUndefined();
    });
  });

  const TEARS = [
    ['5: ends (FIN)', { cutAfter: WORDS[3]! }],
    ['6: tears (RST)', { resetAfter: WORDS[3]! }],
  ] as const;
  describe.each(TEARS)('%s in the middle', (_how, fault) => {
    it('is told as that, charged for what was said, and not asked for again', async () => {
      const { one, other } = fresh();
      first.manner = { stopAfter: 4 };
      // Behind the word and the end of its event.
      first.line.fault = mapFault(fault, (word) => `${word}"},"finish_reason":null}]}\n\n`);
      const told = await asking(way, { models: [{ name: one, retries: 2 }, { name: other }] });
      expectCut(told, 4, { status: 'ERROR', usage: { source: 'ESTIMATED' } });
      expect(callsFor(told, second)).toEqual([]);
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });

    it('in the middle of an event, what was whole is kept', async () => {
      const { one } = fresh();
      first.manner = { stopAfter: 4 };
      first.line.fault = fault;
      const told = await asking(way, { models: [{ name: one }] });
      expectCut(told, 3, { status: 'ERROR', usage: { source: 'ESTIMATED' } });
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });

    it('begins anew where the route says so, and no word is told twice', async () => {
      const { one, other } = fresh();
      first.manner = { stopAfter: 4 };
      first.line.fault = fault;
      const told = await asking(way, { models: [{ name: one }, { name: other }], onCut: 'RESTART' });
      expectAnswered(told, [{ status: 'ERROR' }, { status: 'OK' }]);
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });
  });

  it('5: that ends properly without having said that this was all is no success', async () => {
    const { one } = fresh();
    first.manner = { forgetsEnd: true };
    const told = await asking(way, { models: [{ name: one }] });
    expectCut(told, WORDS.length, { status: 'ERROR' });
    await expect(checkBooks(told)).resolves.toBeUndefined();
  });

  describe('7: a vendor that goes on', () => {
    it('one byte at a time is understood', async () => {
      const { one } = fresh();
      first.line.fault = { trickleMs: 0 };
      const told = await asking(way, { models: [{ name: one }] });
      expectAnswered(told, [{ status: 'OK' }]);
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });

    it('too slowly is held to its time as a whole', async () => {
      const { one } = fresh();
      first.line.fault = { trickleMs: 3 };
      const told = await asking(way, {
        models: [{ name: one, timeouts: { totalMs: 1_500, idleMs: 60_000 } }],
      });
      const { text } = told.completion;
      expect(told.completion).toMatchObject({
        status: 'FAILED',
        failure: { reason: text === '' ? 'FAILED' : 'CUT' },
        attempts: [{ status: 'TIMEOUT' }],
      });
      expect(ANSWER.startsWith(text)).toBe(true);
    });

    it('with signs of life that say nothing has fallen silent', async () => {
      const { one } = fresh();
      first.manner = { stopAfter: 3, pulse: { bytes: ': still here\n\n', everyMs: 20 } };
      const told = await asking(way, { models: [{ name: one, timeouts: { idleMs: 300 } }] });
      expectCut(told, 3, { status: 'TIMEOUT' });
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });

    it('half: the connection is there and nothing comes of it', async () => {
      const { one } = fresh();
      first.manner = { stopAfter: 3 };
      first.line.fault = { stallAfter: WORDS[2]! };
      const told = await asking(way, { models: [{ name: one, timeouts: { idleMs: 300 } }] });
      expectCut(told, 2, { status: 'TIMEOUT' });
      await expect(checkBooks(told)).resolves.toBeUndefined();
    });
  });
});

function mapFault(fault: Record<string, string>, change: (place: string) => string) {
  return Object.fromEntries(Object.entries(fault).map(([kind, place]) => [kind, change(place)]));
}
