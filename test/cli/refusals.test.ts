import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lineOf, makeFolder, runSluice } from './support/sluice.ts';

/** It ends by itself with 1, says one thing on stderr, and shows no stack trace and no secret. */
async function refusalOf(
  folder: string,
  env: Record<string, string> = {},
  args: string[] = [],
): Promise<string> {
  const { code, stdout, stderr } = await runSluice(folder, { LOG_LEVEL: 'silent', ...env }, args).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toMatch(/hidden/);
  expect(stderr).toMatch(/\n$/);
  return stderr.trimEnd();
}

async function takePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it('tells that the port is taken, and shows the first key once it starts', async () => {
  const port = await takePort();
  const folder = await makeFolder();
  expect(await refusalOf(folder, { PORT: String(port) })).toBe(
    `sluice: port ${port} is taken; set PORT to another`,
  );
  expect(lineOf(await runSluice(folder).welcome, 'Key')).toMatch(/^sk-sluice-.*shown only this once/);
});

it('tells who has the data directory open', async () => {
  const folder = await makeFolder();
  await runSluice(folder).welcome;
  const refusal = await refusalOf(folder);
  expect(refusal).toMatch(/^sluice: .*in use.*$/);
  expect(refusal).toContain(join(folder, 'data'));
});

it('tells that the database cannot be reached, without its password', async () => {
  // Nothing may listen below 1024 that nobody has started.
  const url = 'postgres://someone:hidden-password@127.0.0.1:1/books';
  const refusal = await refusalOf(await makeFolder(), { DATABASE_URL: url });
  expect(refusal).toMatch(
    /^sluice: cannot reach the database at 127\.0\.0\.1:1\/books: .*; check DATABASE_URL$/,
  );
});

it('tells that DATABASE_URL is none, without showing it', async () => {
  expect(
    await refusalOf(await makeFolder(), { DATABASE_URL: 'mysql://someone:hidden@localhost/books' }),
  ).toBe('sluice: the configuration has 1 problem:\n  DATABASE_URL must begin with postgres://');
});

it('lists every problem of the configuration with its place', async () => {
  const folder = await makeFolder();
  await writeFile(
    join(folder, 'sluice.config.yaml'),
    'server:\n  prot: 4000\nproviders:\n  openai:\n    apiKey: hidden-in-the-file\nlimits:\n  operationDepth: -1\n',
  );
  const [first, ...problems] = (await refusalOf(folder, { LOG_LEVEL: 'loud' })).split('\n');
  expect(first).toBe('sluice: the configuration has 4 problems:');
  expect(problems.toSorted()).toEqual([
    expect.stringMatching(/^ {2}LOG_LEVEL is "loud"; it must be one of /),
    expect.stringMatching(/^ {2}sluice\.config\.yaml:2 server\.prot is not known; /),
    expect.stringMatching(/^ {2}sluice\.config\.yaml:5 providers\.openai\.apiKey must be a reference /),
    expect.stringMatching(/^ {2}sluice\.config\.yaml:7 limits\.operationDepth is -1; /),
  ]);
});

it('tells that the config file is not there', async () => {
  expect(await refusalOf(await makeFolder(), { SLUICE_CONFIG: 'elsewhere.yaml' })).toMatch(
    /SLUICE_CONFIG names a file that does not exist: .*elsewhere\.yaml$/,
  );
});

it('refuses an admin key that can be guessed', async () => {
  const folder = await makeFolder();
  const [short, known] = await Promise.all([
    refusalOf(folder, { SLUICE_ADMIN_KEY: 'hidden' }),
    refusalOf(folder, { SLUICE_ADMIN_KEY: 'changeme-hidden-changeme-changeme' }),
  ]);
  expect(short).toMatch(/^ {2}SLUICE_ADMIN_KEY is 6 characters long; it must have at least \d+/m);
  expect(known).toMatch(/^ {2}SLUICE_ADMIN_KEY can be guessed/m);
});

it('does not know other commands, arguments and options', async () => {
  const folder = await makeFolder();
  const refusals = [['strat'], ['start', 'now'], ['--verbose'], ['db', 'import']].map((args) =>
    refusalOf(folder, {}, args),
  );
  expect(await Promise.all(refusals)).toEqual([
    "error: unknown command 'strat'",
    "error: unknown command 'now'",
    "error: unknown option '--verbose'",
    expect.stringMatching(/^error: unknown command 'import'/),
  ]);
});
