import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { deleteRoute, setRoute, versionOf } from '../routes/support.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { makeFolder, runSluice } from './support/sluice.ts';

const LONG = { timeout: 120_000 };
const gateway = useGateway();

function routes(folder: string, args: string[], env: Record<string, string> = {}) {
  const known = { SLUICE_URL: gateway().url, SLUICE_KEY: ADMIN_KEY };
  return runSluice(folder, { ...known, ...env }, ['routes', ...args]).ended;
}

async function makeRoutes(files: Record<string, string>): Promise<string> {
  const folder = await makeFolder();
  await mkdir(join(folder, 'routes'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'routes', name), text);
  return folder;
}

const read = (folder: string, file: string) => readFile(join(folder, 'routes', file), 'utf8');

const SUPPORT = `# Whoever pays is answered by the better one.
name: support
strategy: PRIORITY
hedgePercentile: 95
shadow:
  model: demo/slow
  percent: 2.5
probeSeconds: 600
targets:
  - model: demo/assistant
    condition: has(tags.tier) && tags.tier == "paid"
    timeoutMs: 60000
  - model: cheap
`;
const CAREFUL = `name: careful
strategy: PRIORITY
targets:
  - model: demo/echo
canary:
  model: demo/assistant
  steps:
    - percent: 5
      minutes: 10
    - percent: 50
      requests: 500
  rollBackWhen:
    afterRequests: 50
    errorRateAbove: 0.05
`;
const COMPARED = `name: compared
strategy: PRIORITY
targets:
  - model: demo/echo
experiment:
  name: models
  arms:
    - name: small
      model: demo/echo
    - name: large
      model: demo/assistant
      weight: 2
  metric: resolved
`;
const CHEAP = 'name: cheap\nstrategy: LOWEST_COST\ntargets:\n  - model: demo/echo\n';

describe('routes in files', () => {
  beforeAll(async () => {
    await setRoute(gateway(), { name: 'unfiled' });
  });

  it('are planned, applied as they were shown, and pulled as they are', LONG, async () => {
    const folder = await makeRoutes({ 'support.yaml': SUPPORT, 'cheap.yml': CHEAP });
    const planned = await routes(folder, ['plan']);
    expect(planned).toMatchObject({ code: 0, stderr: '' });
    expect(planned.stdout).toBe(`+ cheap
    + strategy: "LOWEST_COST"
    + stickyBy: "END_USER"
    + onCut: "FAIL"
    + fallbackOn: ["ERROR","TIMEOUT","RATE_LIMITED","CONTEXT_OVERFLOW"]
    + repairs: 0
    + targets.0: {"model":"demo/echo","weight":1,"retries":1}
+ support
    + strategy: "PRIORITY"
    + stickyBy: "END_USER"
    + onCut: "FAIL"
    + fallbackOn: ["ERROR","TIMEOUT","RATE_LIMITED","CONTEXT_OVERFLOW"]
    + repairs: 0
    + hedgePercentile: 95
    + shadow: {"model":"demo/slow","percent":2.5,"maxConcurrent":10}
    + probeSeconds: 600
    + targets.0: {"model":"demo/assistant","weight":1,"condition":"has(tags.tier) && tags.tier == \\"paid\\"","retries":1,"timeoutMs":60000}
    + targets.1: {"model":"cheap","weight":1,"retries":1}
2 to create, 0 to change, 0 to delete, 0 as they are
in no file, and kept without --prune: unfiled
`);
    expect(await versionOf(gateway(), 'support')).toBeUndefined();

    const unasked = await routes(folder, ['apply']);
    expect(unasked).toMatchObject({
      code: 1,
      stdout: planned.stdout,
      stderr: 'sluice: nothing was changed; --yes applies without asking\n',
    });
    expect(await versionOf(gateway(), 'support')).toBeUndefined();

    expect((await routes(folder, ['apply', '--yes'])).stdout).toBe(`${planned.stdout}applied\n`);
    expect(await versionOf(gateway(), 'support')).toBe(1);
    expect((await routes(folder, ['apply', '--yes'])).stdout).toContain(
      '0 to create, 0 to change, 0 to delete, 2 as they are\n',
    );

    const pulled = await routes(folder, ['pull']);
    expect(pulled).toMatchObject({ code: 0, stdout: 'wrote routes/unfiled.yaml\n3 routes\n' });
    // What says the same already stays as it was written.
    expect(await read(folder, 'support.yaml')).toBe(SUPPORT);
    const other = await makeFolder();
    expect(await routes(other, ['pull'])).toMatchObject({ code: 0, stderr: '' });
    expect((await readdir(join(other, 'routes'))).toSorted()).toEqual([
      'cheap.yaml',
      'support.yaml',
      'unfiled.yaml',
    ]);
    expect(await read(other, 'cheap.yaml')).toBe(CHEAP);
    expect((await routes(other, ['plan', '--prune'])).stdout).toBe(
      '0 to create, 0 to change, 0 to delete, 3 as they are\n',
    );
  });

  it('say what a route tries out', LONG, async () => {
    const folder = await makeRoutes({ 'careful.yaml': CAREFUL, 'compared.yaml': COMPARED });
    expect((await routes(folder, ['apply', '--yes'])).stdout).toContain('2 to create');
    const other = await makeFolder();
    expect(await routes(other, ['pull'])).toMatchObject({ code: 0, stderr: '' });
    expect(await read(other, 'careful.yaml')).toBe(CAREFUL);
    expect(await read(other, 'compared.yaml')).toBe(COMPARED);
    expect((await routes(other, ['plan'])).stdout).toContain('0 to create, 0 to change');
    await writeFile(join(folder, 'routes', 'careful.yaml'), CAREFUL.replace('percent: 50', 'percent: 5'));
    expect((await routes(folder, ['plan'])).stderr).toMatch(
      /careful\.yaml:\d+ .*percent is 5; a step must take more/,
    );
    for (const name of ['careful', 'compared']) await deleteRoute(gateway(), name);
  });

  it('change what there is, and delete with --prune alone', LONG, async () => {
    const folder = await makeRoutes({
      'support.yaml': SUPPORT.replace('hedgePercentile: 95', 'repairs: 2').replace('cheap', 'demo/echo'),
    });
    const planned = await routes(folder, ['plan', '--prune']);
    expect(planned.stdout).toBe(`~ support (version 1)
    ~ repairs: 0 => 2
    - hedgePercentile: 95
    - targets.1: {"model":"cheap","weight":1,"retries":1}
    + targets.1: {"model":"demo/echo","weight":1,"retries":1}
- cheap (version 1)
- unfiled (version 1)
0 to create, 1 to change, 2 to delete, 0 as they are
`);
    expect((await routes(folder, ['apply', '--yes', '--prune'])).stdout).toBe(`${planned.stdout}applied\n`);
    expect(await versionOf(gateway(), 'support')).toBe(2);
    expect(await versionOf(gateway(), 'cheap')).toBeUndefined();
    expect(await versionOf(gateway(), 'unfiled')).toBeUndefined();
  });

  it('are not written over unless forced', LONG, async () => {
    const folder = await makeRoutes({ 'mine.yaml': SUPPORT });
    const pulled = await routes(folder, ['pull']);
    expect(pulled).toMatchObject({ code: 1, stdout: '1 route\n' });
    expect(pulled.stderr).toContain('what differs was kept: routes/mine.yaml; --force writes over it');
    expect(await read(folder, 'mine.yaml')).toBe(SUPPORT);
    expect((await routes(folder, ['pull', '--force'])).stdout).toBe('wrote routes/mine.yaml\n1 route\n');
    expect(await read(folder, 'mine.yaml')).toContain('repairs: 2');
    await deleteRoute(gateway(), 'support');
  });
});

describe('what is wrong with them', () => {
  it('is told by file and line, all of it, before anything is sent', LONG, async () => {
    const folder = await makeRoutes({
      'a.yaml': 'name: a\nstrategy: FASTEST\ntargets:\n  - modle: demo/echo\n',
      'b.yaml': CHEAP,
      'c.yaml': CHEAP,
      'd.yaml': 'name: [',
    });
    const { code, stderr } = await routes(folder, ['plan'], { SLUICE_URL: 'http://127.0.0.1:1/graphql' });
    expect(code).toBe(1);
    const [head, ...lines] = stderr.trimEnd().split('\n');
    expect(head).toBe('sluice: the folder of routes has 5 problems:');
    expect(lines).toEqual([
      expect.stringMatching(/^ {2}a\.yaml:2 strategy is "FASTEST"; it must be one of PRIORITY, /),
      expect.stringMatching(/^ {2}a\.yaml:4 targets\.0\.model is missing/),
      expect.stringMatching(/^ {2}a\.yaml:4 targets\.0\.modle is not known; known here: model, /),
      expect.stringMatching(/^ {2}d\.yaml:1 /),
      '  c.yaml:1 name stands in b.yaml already',
    ]);
  });

  it('is told by file and line where the gateway finds it', LONG, async () => {
    const folder = await makeRoutes({
      'a.yaml': CHEAP,
      'b.yaml':
        'name: b\nstrategy: PRIORITY\ntargets:\n  - model: demo/echo\n  - model: demo/none\n    retries: 99\n',
    });
    const { code, stdout, stderr } = await routes(folder, ['apply', '--yes']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`sluice: the folder of routes has 2 problems:
  b.yaml:6 targets.1.retries is 99; it must be from 0 to 10
  b.yaml:5 targets.1.model is "demo/none"; no configured provider has such a model
`);
    expect(await versionOf(gateway(), 'cheap')).toBeUndefined();
  });

  it('is one line where there is nobody to ask, or nothing to say', LONG, async () => {
    const folder = await makeRoutes({ 'cheap.yaml': CHEAP });
    const told = async (args: string[], env?: Record<string, string>) =>
      (await routes(folder, args, env)).stderr.replace(/^sluice: /, '').trimEnd();
    expect(await told(['plan'], { SLUICE_URL: 'http://127.0.0.1:1/graphql' })).toBe(
      'no gateway answers at http://127.0.0.1:1/graphql; is it running?',
    );
    expect(await told(['plan'], { SLUICE_KEY: '' })).toBe(
      'set SLUICE_KEY to a key with the scope ROUTES_WRITE',
    );
    expect(await told(['plan', 'nowhere'])).toBe(
      'there is no route in nowhere; "routes pull" writes those there are',
    );
    const { secret } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    expect(await told(['plan'], { SLUICE_KEY: secret })).toBe(
      'Mutation.routesApply needs the scope ROUTES_WRITE, which you do not have',
    );
  });
});

describe('a route in a file that is none yet', () => {
  const DRAFT = 'name: tried\nstrategy: PRIORITY\ntargets:\n  - model: demo/expensive\n';

  it('is tried on what was asked for', LONG, async () => {
    await setRoute(gateway(), { name: 'tried' });
    for (let index = 0; index < 2; index += 1)
      await gateway().ask(
        'mutation { completionCreate(input: { model: "tried", source: { text: "Hello" } }) { errors { code } } }',
      );
    const folder = await makeRoutes({ 'tried.yaml': DRAFT });
    const { code, stdout, stderr } = await routes(folder, ['simulate', 'routes/tried.yaml']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^2 of 2 requests +as it was +draft\ncost +\$0 +\$0\.\d+\n/);
    expect(stdout).toMatch(/\ndemo\/expensive +- +100\.0 % {2}\$0\.\d+\n/);
    expect(stdout).toMatch(/\ndemo\/echo +100\.0 % {2}\$0 +-\n/);
    expect(stdout).toContain('\nnote: 2 requests go to models that gave no answer in the range');
    expect(await versionOf(gateway(), 'tried')).toBe(1);
  });

  it('is refused by its line, and so is what cannot be asked for', LONG, async () => {
    const folder = await makeRoutes({ 'tried.yaml': DRAFT.replace('demo/expensive', 'demo/nothing') });
    expect(await routes(folder, ['simulate', 'routes/tried.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/tried\.yaml:4.*demo\/nothing/s),
    });
    for (const [args, message] of [
      [['--from', 'yesterday'], '--from is "yesterday"'],
      [['--limit', 'many'], '--limit is "many"'],
    ] as const)
      expect((await routes(folder, ['simulate', 'routes/tried.yaml', ...args])).stderr).toContain(message);
  });
});
