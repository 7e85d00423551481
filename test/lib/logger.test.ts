import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/lib/logger.ts';
import { redactSecrets } from '../../src/lib/redact.ts';

type Line = Record<string, unknown> & { err?: Record<string, unknown> };

function openLog(level = 'info') {
  const lines: string[] = [];
  const logger = createLogger({ level, destination: { write: (line) => void lines.push(line) } });
  const last = () => JSON.parse(lines.at(-1) ?? 'null') as Line;
  return { logger, lines, last };
}

describe('a log line', () => {
  it('is JSON with level, time, fields and message', () => {
    const { logger, last } = openLog();
    logger.info({ port: 4000, costNanos: 12n }, 'listening');
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      port: 4000,
      costNanos: 12,
      msg: 'listening',
    });
  });

  it('carries the fields of the child that wrote it', () => {
    const { logger, last } = openLog();
    logger.child({ requestId: 'req_1' }).child({ model: 'demo/assistant' }).warn('slow');
    expect(last()).toMatchObject({ level: 'warn', requestId: 'req_1', model: 'demo/assistant' });
  });

  it('is written from the chosen level on', () => {
    const { logger, lines } = openLog('warn');
    logger.debug('a');
    logger.info('b');
    logger.error('c');
    expect(lines).toHaveLength(1);
  });
});

describe('an error in the log', () => {
  it('keeps its type, code, message, frames and causes', () => {
    const { logger, last } = openLog();
    const cause = Object.assign(new TypeError('connect refused'), { code: 'ECONNREFUSED' });
    logger.error({ err: new Error('vendor failed', { cause }) }, 'attempt failed');
    expect(last().err).toMatchObject({
      type: 'Error',
      message: 'vendor failed',
      stack: expect.stringMatching(/^ {4}at /),
      cause: { type: 'TypeError', code: 'ECONNREFUSED', message: 'connect refused' },
    });
  });

  it('leaves out everything else an error carries, such as the prompt that was sent', () => {
    const { logger, lines } = openLog();
    const err = Object.assign(new Error('400'), {
      requestBodyValues: { prompt: 'my diary' },
      responseBody: 'my diary',
    });
    logger.error({ err: new Error('outer', { cause: err }) }, 'attempt failed');
    expect(lines.join('')).not.toContain('diary');
  });

  it('is cut off where its message is endless, and where its causes run in a circle', () => {
    const { logger, lines } = openLog();
    const err = new Error('x'.repeat(100_000));
    err.cause = err;
    logger.error({ err }, 'failed');
    expect(lines.join('').length).toBeLessThan(30_000);
  });

  it('may be anything that was thrown', () => {
    const { logger, last } = openLog();
    logger.error({ err: 'plain text' }, 'failed');
    expect(last()['err']).toBe('plain text');
    logger.error({ err: { prompt: 'my diary' } }, 'failed');
    expect(last()['err']).toBe('object');
  });
});

describe('a secret', () => {
  const SECRET = 'n0tForAnyLog';

  it.each([
    ['a named field', { apiKey: SECRET }],
    ['a named field at any depth', { a: [{ b: { password: `"${SECRET}\\` } }] }],
    ['a header', { headers: { Authorization: SECRET, 'x-api-key': SECRET, 'set-cookie': SECRET } }],
    ['a field of the cloud vendors', { secretAccessKey: SECRET, aws_session_token: SECRET }],
    ['a connection string', { url: `postgres://sluice:${SECRET}@db:5432/sluice` }],
    ['a connection string with an @ in its password', { url: `redis://:${SECRET}@${SECRET}@cache` }],
    ['a bearer credential', { text: `sent Bearer ${SECRET}` }],
    ['a key of this gateway', { text: `bad key sk-sluice-${SECRET}` }],
    ['a key of a vendor', { text: `invalid gsk_${SECRET}, AIza${SECRET}-${SECRET}, xai-${SECRET}` }],
    ['JSON inside a string', { body: JSON.stringify({ error: { api_key: SECRET } }) }],
    ['JSON inside a string that was cut off', { body: `{"password":"${SECRET}`, next: 'x' }],
    ['JSON inside JSON inside a string', { body: JSON.stringify(JSON.stringify({ secret: SECRET })) }],
  ])('does not get out in %s', (_, fields) => {
    const { logger, lines, last } = openLog();
    logger.info(fields, 'field');
    logger.child(fields).info('binding');
    logger.error({ err: new Error(JSON.stringify(fields)) }, JSON.stringify(fields));
    expect(lines.join('')).not.toContain(SECRET);
    expect(last()['msg']).toContain('[redacted]');
  });

  it('is taken out without breaking the line, whatever stands around it', () => {
    const names = fc.constantFrom('apiKey', 'password', 'note', 'authorization', 'url');
    fc.assert(
      fc.property(fc.dictionary(names, fc.string({ unit: 'grapheme' })), fc.nat(80), (fields, cutAt) => {
        const { logger, last } = openLog();
        const nested = JSON.stringify({ text: JSON.stringify(fields) });
        logger.info({ fields, nested }, nested.slice(0, cutAt));
        expect(Object.keys(last()['fields'] as object)).toEqual(Object.keys(fields));
        for (const name of ['apiKey', 'password', 'authorization'].filter((key) => key in fields)) {
          expect(last()['fields']).toHaveProperty(name, '[redacted]');
        }
      }),
    );
  });

  it('is nothing that only looks a little like one', () => {
    const text =
      '{"inputTokens":5,"keyId":"key_01JABCDEFGH","model":"openai/gpt-5.4","url":"http://127.0.0.1:4000/@x"}';
    expect(redactSecrets(text)).toBe(text);
  });
});

describe('standard output', () => {
  it('has every line when the process ends at once after writing', async () => {
    const script = `
      import { createLogger } from '${new URL('../../src/lib/logger.ts', import.meta.url).href}';
      const logger = createLogger({ level: 'info' });
      for (let i = 0; i < 3000; i++) logger.info({ i, filler: 'x'.repeat(200) }, 'line');
      process.exit(0);
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      maxBuffer: 10_000_000,
    });
    const numbers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { i: number }).i);
    expect(numbers).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  });
});
