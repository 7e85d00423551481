import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startUpstream } from '../providers/support/upstream.ts';
import { useGateway } from '../support/gateway.ts';
import { ask, askCourse } from './support/asking.ts';
import { eventOf, startTruthfulVendor } from './support/truthful-vendor.ts';

/** Writes the same again and again for as long as it is taken. */
function goOn(response: ServerResponse, block: Buffer): void {
  const write = () => {
    while (!response.destroyed && response.write(block));
  };
  response.on('drain', write);
  write();
}
const BLOCK = Buffer.alloc(64 * 1024, 'x');
/** 64 MB, behind a gzip header. */
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
const EVENTS = { 'content-type': 'text/event-stream' };
const PAGE = '<!doctype html><html><body>nginx</body></html>';

const NO_ANSWERS: Record<string, (response: ServerResponse) => void> = {
  'an HTML page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE),
  'JSON that is another thing': (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"hello":"world"}'),
  'another content type': (response) =>
    response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([0x89, 0x50, 0x4e, 0x47])),
  'a gzip bomb': (response) => response.writeHead(200, { ...EVENTS, 'content-encoding': 'gzip' }).end(BOMB),
  'a gzip bomb as a refusal': (response) =>
    response.writeHead(500, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(BOMB),
  'a line without end': (response) => goOn(response.writeHead(200, EVENTS), BLOCK),
  'an event without end': (response) =>
    goOn(response.writeHead(200, EVENTS), Buffer.from(`data: ${'x'.repeat(10_000)}\n`)),
  'a refusal without end': (response) =>
    goOn(response.writeHead(500, { 'content-type': 'application/json' }), BLOCK),
  'headers without end': (response) => {
    response.socket!.write('HTTP/1.1 200 OK\r\n');
    goOn(response.socket as unknown as ServerResponse, Buffer.from(`x-more: ${'y'.repeat(1_000)}\r\n`));
  },
  'no HTTP': (response) => response.socket!.end('SSH-2.0-OpenSSH_9.6\r\n'),
  'less than it says': (response) => {
    response.writeHead(200, { ...EVENTS, 'content-length': '1000' }).write('data: ');
    setTimeout(() => response.destroy(), 10);
  },
};

const vendor = await startTruthfulVendor('vendor');
/** The other formats, each in the form in which its own server would answer. */
const FORMATS = ['openai', 'anthropic', 'google'] as const;
let raw: (response: ServerResponse) => void = (response) => response.end();
const strange = await startUpstream((request, response) => {
  request.resume();
  raw(response);
});
const gateway = useGateway({
  config: {
    providers: [
      vendor.config,
      ...FORMATS.map((type) => ({
        name: `strange-${type}`,
        type,
        apiKey: 'sk-test-123456',
        headers: {},
        settings: {},
        baseURL: `${strange.url}/v1`,
        models: Object.keys(NO_ANSWERS).map((_what, at) => ({ id: `m${at}` })),
      })),
    ],
  },
});
afterEach(() => {
  vendor.manner = {};
  vendor.line.fault = {};
});
afterAll(() => Promise.all([vendor.close(), strange.close()]));

let names = 0;
/** Asks under a name of its own, so that no circuit opens. */
const asking = () => askCourse(gateway(), 'streaming', { models: [{ name: `vendor/m${(names += 1)}` }] });

const delta = (content: string) =>
  eventOf({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const FINISH =
  eventOf({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) +
  eventOf({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } }) +
  'data: [DONE]\n\n';

/** Answers with these bytes, and a proper end. */
function sends(bytes: string | Buffer, headers: Record<string, string> = {}) {
  vendor.manner = {
    raw: (response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).end(bytes),
  };
}

describe('8: events', () => {
  const MILL = 'Mühle 水車 🏞️ é\u{10FFFF}';
  const lines = (ending: string) => (delta(MILL) + FINISH).replaceAll('\n', ending);
  it.each([
    ['with CRLF', lines('\r\n')],
    ['with CR', lines('\r')],
    ['with ends of lines of all kinds', delta(MILL).replaceAll('\n', '\r\n') + FINISH],
    ['behind a byte order mark', `\uFEFF${delta(MILL)}${FINISH}`],
    ['between comments', `: hello\n\n${delta(MILL)}:\n: ping\n\n${FINISH}`],
    ['with names, ids and times to retry', `event: message\nid: 7\nretry: 10\n${delta(MILL)}${FINISH}`],
    ['over several lines', delta(MILL).replace(',"choices"', ',\ndata: "choices"') + FINISH],
    ['without a space behind the colon', (delta(MILL) + FINISH).replaceAll('data: ', 'data:')],
  ])('%s are understood, whole and byte by byte', async (_what, bytes) => {
    sends(bytes);
    vendor.line.fault = {};
    const whole = await asking();
    vendor.line.fault = { trickleMs: 0 };
    const split = await asking();
    for (const { completion, errors } of [whole, split]) {
      expect(errors).toEqual([]);
      expect(completion).toMatchObject({ status: 'SUCCEEDED', text: MILL, usage: { input: 10, output: 2 } });
    }
  });

  it('of a megabyte are understood', async () => {
    const long = 'word '.repeat(200_000);
    sends(delta(long) + FINISH);
    expect((await asking()).completion).toMatchObject({ status: 'SUCCEEDED', text: long });
  });

  it.each([
    ['two values in one', delta('Hi').replace('\n\n', delta('there').slice(6)) + FINISH],
    ['a value that is cut', `${delta('Hi').slice(0, 40)}\n\n${FINISH}`],
    ['no JSON', 'data: oops\n\n'],
    ['another kind of value', 'data: [1,2]\n\n'],
    ['fields of other kinds', 'data: {"choices":"none"}\n\n'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(delta('Hi').slice(0, 20)), Buffer.from([0xff, 0xfe]), Buffer.from('\n\n')]),
    ],
    ['no blank line at all', (delta('Hi') + FINISH).replaceAll('\n\n', '\n')],
    ['nothing', ''],
  ])('%s: a failure that says so, and never half a success', async (_what, bytes) => {
    sends(bytes);
    const { completion, errors } = await asking();
    expect(errors).toMatchObject([{ __typename: 'ProviderFailedError', code: 'PROVIDER_ERROR' }]);
    expect(completion).toMatchObject({ status: 'FAILED', finishReason: 'ERROR' });
    expect(errors[0]!.message).not.toMatch(/[{}<>]|JSON|choices/);
  });

  it('a byte that was changed on its way makes no success of another text', async () => {
    vendor.line.fault = { corruptAfter: '"delta":' };
    expect((await asking()).completion).toMatchObject({ status: 'FAILED', text: '' });
  });
});

describe('9: what is no answer', () => {
  const each = FORMATS.flatMap((format) =>
    Object.entries(NO_ANSWERS).map(([what, answer], at) => ({
      what,
      answer,
      format,
      name: `strange-${format}/m${at}`,
    })),
  );
  it.each(each)('$format: $what is a failure, and little of it is kept', async ({ answer, name }) => {
    raw = answer;
    const before = process.memoryUsage().rss;
    const { completion, errors } = await ask(gateway(), 'whole', name);
    expect(errors).toMatchObject([{ __typename: 'ProviderFailedError', code: 'PROVIDER_ERROR' }]);
    expect(completion).toMatchObject({ status: 'FAILED', text: '', usage: { source: 'NONE' } });
    expect(errors[0]!.message).not.toContain('<');
    // The whole process, garbage of this and of the gateway's other work included.
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
  });

  it('words without end are cut when their time is over, and charged', async () => {
    const words = Buffer.from(delta('word ').repeat(100));
    vendor.manner = {
      raw: async (response) => {
        response.writeHead(200, EVENTS);
        while (!response.destroyed) {
          response.write(words);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
    };
    const { completion } = await askCourse(gateway(), 'whole', {
      models: [{ name: 'vendor/model', timeouts: { totalMs: 400 } }],
    });
    expect(completion).toMatchObject({ status: 'FAILED', failure: { reason: 'CUT' } });
    expect(completion.text.length).toBeGreaterThan(100);
    expect(Number(completion.cost!.amount)).toBeGreaterThan(0);
  });
});
