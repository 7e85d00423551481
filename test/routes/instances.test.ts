import { describe, expect, it } from 'vitest';
import { create, say } from '../completion/support/completions.ts';
import type { TestGateway } from '../support/gateway.ts';
import { NO_SERVER, useTwoInstances } from '../support/two-instances.ts';
import { deleteRoute, learnedOf, setRoute, versionOf } from './support.ts';

/** Never called. */
const PROVIDER = {
  name: 'berlin',
  type: 'openai-compatible',
  apiKey: 'sk-test',
  headers: {},
  settings: {},
  baseURL: 'http://127.0.0.1:9/v1',
  region: 'eu',
  models: [{ id: 'model' }],
};
const LONG = { timeout: 10_000 };

describe.skipIf(NO_SERVER)('two instances on one PostgreSQL', () => {
  const { one, two } = useTwoInstances({ config: { providers: [PROVIDER] } });

  it('know of each other’s changes', async () => {
    await setRoute(one(), { name: 'shared' });
    await expect.poll(() => versionOf(two(), 'shared'), LONG).toBe(1);
    await setRoute(two(), { name: 'shared', strategy: 'WEIGHTED' });
    await expect.poll(() => versionOf(one(), 'shared'), LONG).toBe(2);
    await deleteRoute(one(), 'shared');
    await expect.poll(() => versionOf(two(), 'shared'), LONG).toBeUndefined();
  });

  it('know of each other’s rules of residency', async () => {
    const set = (mutation: string) => one().ask(`mutation { answer: ${mutation} { errors { message } } }`);
    const mayEcho = async () =>
      (await two().ask('{ model(name: "demo/echo") { access { allowed } } }')).data.model.access
        .allowed as boolean;
    for (const rule of ['organisationUpdate(input: {', 'teamUpdate(input: { id: "team_default",']) {
      expect((await set(`${rule} regions: ["eu"] })`)).data.answer.errors).toEqual([]);
      await expect.poll(mayEcho, LONG).toBe(false);
      await set(`${rule} regions: [] })`);
      await expect.poll(mayEcho, LONG).toBe(true);
    }
  });

  it('know of each other’s names of models, and of their ends', async () => {
    const readEcho = async () =>
      (await two().ask('{ model(name: "demo/echo") { aliases deprecated } }')).data.model;
    for (const set of [
      'modelAliasSet(input: { alias: "demo/usual", model: "demo/echo" })',
      'modelLifecycleSet(input: { model: "demo/echo", deprecatedAt: "2026-01-01T00:00:00Z" })',
    ]) {
      const { data } = await one().ask(`mutation { answer: ${set} { errors { message } } }`);
      expect(data.answer.errors).toEqual([]);
    }
    await expect.poll(readEcho, LONG).toEqual({ aliases: ['demo/usual'], deprecated: true });
    expect((await create(two(), say('demo/usual'))).completion?.model.name).toBe('demo/echo');
  });

  it('know of them while a transaction that began before is open', async () => {
    const { sql } = one().gateway.database;
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const slow = sql.begin(async (tx) => {
      await tx`INSERT INTO outbox (organisation_id, kind, subject_id) VALUES ('org_default', 'KEY_CHANGED', 'nobody')`;
      begun.resolve();
      await release.promise;
    });
    await begun.promise;
    await setRoute(one(), { name: 'beside' });
    await expect.poll(() => versionOf(two(), 'beside'), LONG).toBe(1);
    release.resolve();
    await slow;
  });

  it('learn together, and forget together', async () => {
    await setRoute(one(), { name: 'learning' });
    await expect.poll(() => versionOf(two(), 'learning'), LONG).toBe(1);
    const pulls = async (on: TestGateway) => (await learnedOf(on, 'learning'))[0]?.pulls;
    for (const each of [one(), two()]) await create(each, say('learning'));
    for (const each of [one(), two()]) await expect.poll(() => pulls(each), LONG).toBe(2);
    await one().ask('mutation { routeResetLearned(name: "learning") { errors { code } } }');
    expect(await pulls(one())).toBe(0);
    await expect.poll(() => pulls(two()), LONG).toBe(0);
  });

  it('make one version of what both want at once', async () => {
    await setRoute(one(), { name: 'raced' });
    const answers = await Promise.all(
      [one(), two()].map((each, at) =>
        setRoute(each, { name: 'raced', strategy: at === 0 ? 'WEIGHTED' : 'STICKY' }, { expectedVersion: 1 }),
      ),
    );
    expect(answers.flatMap(({ errors }) => errors.map(({ code }) => code))).toEqual(['CONFLICT']);
  });

  it('let no circle come of two changes at once', async () => {
    for (const name of ['left', 'right']) await setRoute(one(), { name });
    await expect.poll(() => versionOf(two(), 'right'), LONG).toBe(1);
    const answers = await Promise.all([
      setRoute(one(), { name: 'left', targets: [{ model: 'right' }] }),
      setRoute(two(), { name: 'right', targets: [{ model: 'left' }] }),
    ]);
    expect(answers.filter(({ route }) => route)).toHaveLength(1);
    expect(answers.flatMap(({ errors }) => errors)).toMatchObject([
      { message: expect.stringMatching(/circle/) },
    ]);
  });
});
