import { describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { useGateway } from '../support/gateway.ts';
import { protect } from './store/support.ts';
import { createVersion, publish, saying, setLabel } from './support.ts';

const gateway = useGateway();

type Input = Record<string, unknown>;

const SET = `mutation ($input: PromptExperimentInput!) {
  promptExperimentSet(input: $input) {
    prompt { experiments { name label trial { state } } } errors { code message path }
  }
}`;
const STANDS = `query ($slug: String!) { prompt(slug: $slug) {
  labels { name version { number } }
  experiments { name whenDecided trial { state winner confidence reason arms { name version share requests failures } } }
} }`;
const ASK = `mutation ($input: CompletionInput!) {
  completionCreate(input: $input) { completion { id text promptVersion { number } } errors { code message } }
}`;
const RATE = `mutation ($input: CompletionRateInput!) { completionRate(input: $input) { errors { message } } }`;

async function setExperiment(input: Input) {
  return (await gateway().ask(SET, { input: { name: 'tone', ...input } })).data.promptExperimentSet;
}

async function ask(slug: string, more: Input = {}) {
  const source = { prompt: { slug, variables: {} } };
  const { data } = await gateway().ask(ASK, { input: { source, ...more } });
  if (!data.completionCreate.completion) throw new Error(JSON.stringify(data.completionCreate.errors));
  return data.completionCreate.completion;
}

async function standing(slug: string) {
  return (await gateway().ask(STANDS, { slug })).data.prompt;
}

/** A prompt with two versions, the first one published. */
async function twoVersions(slug: string): Promise<void> {
  await publish(gateway(), slug, saying('one'));
  await createVersion(gateway(), { slug, version: saying('two') });
}

const ARMS = [
  { name: 'old', version: 1 },
  { name: 'new', version: 2 },
];

/** Each is asked for by somebody else, and resolved only by the second version. */
async function askAndTell(slug: string, users: readonly string[]): Promise<void> {
  for (const endUserId of users) {
    const { id, text } = await ask(slug, { endUserId });
    const metrics = [{ name: 'resolved', value: text === 'two' ? 1 : 0 }];
    await gateway().ask(RATE, { input: { id, metrics } });
  }
}

const usersOf = (count: number) => Array.from({ length: count }, (_, index) => `user ${index}`);

describe('an experiment on a label', () => {
  it('gives each end user one version, for as long as it runs', async () => {
    await twoVersions('sticky');
    await setExperiment({ slug: 'sticky', arms: ARMS });
    const seen = new Map<string, string>();
    for (const endUserId of [...usersOf(12), ...usersOf(12)]) {
      const { text, promptVersion } = await ask('sticky', { endUserId });
      expect(text).toBe(promptVersion.number === 1 ? 'one' : 'two');
      expect(seen.get(endUserId) ?? text).toBe(text);
      seen.set(endUserId, text);
    }
    expect(new Set(seen.values())).toEqual(new Set(['one', 'two']));
  });

  it('stays with a conversation by its tag', async () => {
    await twoVersions('talk');
    await setExperiment({ slug: 'talk', arms: ARMS, stickyBy: 'CONVERSATION' });
    const tags = [{ key: 'conversation', value: 'c-1' }];
    const texts = new Set<string>();
    for (let turn = 0; turn < 6; turn += 1) texts.add((await ask('talk', { tags })).text);
    expect(texts.size).toBe(1);
  });

  it('leaves requests for a number or another label alone', async () => {
    await twoVersions('pinned');
    await setLabel(gateway(), { slug: 'pinned', label: 'staging', version: 2 });
    await setExperiment({ slug: 'pinned', arms: ARMS });
    for (const endUserId of usersOf(6)) {
      const source = (prompt: Input) => ({ source: { prompt: { slug: 'pinned', ...prompt } }, endUserId });
      expect((await ask('pinned', source({ version: 1 }))).text).toBe('one');
      expect((await ask('pinned', source({ label: 'staging' }))).text).toBe('two');
    }
  });

  it('moves the label to the version that has won, and tells of it', async () => {
    await twoVersions('contest');
    await setExperiment({
      slug: 'contest',
      arms: ARMS,
      metric: 'resolved',
      minRequests: 10,
      confidence: 0.9,
    });
    await expect
      .poll(
        async () => {
          await askAndTell(
            'contest',
            usersOf(20).map((user) => `${user} ${Math.random()}`),
          );
          return (await standing('contest')).experiments[0].trial.state;
        },
        { timeout: 30_000 },
      )
      .toBe('DECIDED');
    const { labels, experiments } = await standing('contest');
    expect(labels).toEqual([{ name: 'production', version: { number: 2 } }]);
    expect(experiments[0].trial).toMatchObject({
      winner: 'new',
      reason: expect.stringContaining('resolved'),
    });
    expect((await ask('contest', { endUserId: 'anybody' })).text).toBe('two');
    const { data } = await gateway().ask(`{
      alerts(first: 1) { nodes { ... on TrialAlert { winner prompt { slug } route { name } } } }
      auditEvents(filter: { action: { eq: "prompt.label" } }, first: 1) { nodes { action after } }
    }`);
    expect(data.alerts.nodes).toEqual([{ winner: 'new', prompt: { slug: 'contest' }, route: null }]);
    expect(data.auditEvents.nodes[0]).toMatchObject({
      after: { label: 'production', version: 2 },
    });
  });

  it('leaves the label where it is when the winner may not be published any more', async () => {
    await twoVersions('unseen');
    const arms = ARMS;
    await setExperiment({ slug: 'unseen', arms, metric: 'resolved', minRequests: 10, confidence: 0.9 });
    const REQUIRE = `mutation { promptLabelRequire(input: { label: "production", slug: "unseen", minPassRate: 1 }) {
      errors { message } } }`;
    expect((await gateway().ask(REQUIRE)).data.promptLabelRequire.errors).toEqual([]);
    await expect
      .poll(
        async () => {
          await askAndTell(
            'unseen',
            usersOf(20).map((user) => `${user} ${Math.random()}`),
          );
          return (await standing('unseen')).experiments[0].trial.state;
        },
        { timeout: 30_000 },
      )
      .toBe('DECIDED');
    expect((await standing('unseen')).labels[0].version.number).toBe(1);
  });

  it('stops without a winner when each arm has what was to be seen', async () => {
    await twoVersions('alike');
    await setExperiment({ slug: 'alike', arms: ARMS, minRequests: 10, maxRequests: 10 });
    await expect
      .poll(
        async () => {
          await Promise.all(usersOf(8).map(() => ask('alike')));
          return (await standing('alike')).experiments[0].trial.state;
        },
        { timeout: 30_000 },
      )
      .toBe('STOPPED');
    expect((await standing('alike')).labels[0].version.number).toBe(1);
    const texts = await Promise.all(usersOf(10).map(() => ask('alike')));
    expect(new Set(texts.map(({ text }) => text))).toEqual(new Set(['one']));
  });

  it('ends when the label is moved by hand, or when it is stopped', async () => {
    await twoVersions('moved');
    await setExperiment({ slug: 'moved', arms: ARMS });
    await setLabel(gateway(), { slug: 'moved', label: 'production', version: 2 });
    expect((await standing('moved')).experiments).toEqual([]);
    await setExperiment({ slug: 'moved', arms: ARMS });
    const STOP = `mutation { promptExperimentStop(slug: "moved") { prompt { experiments { name } } errors { code } } }`;
    expect((await gateway().ask(STOP)).data.promptExperimentStop).toEqual({
      prompt: { experiments: [] },
      errors: [],
    });
    expect((await gateway().ask(STOP)).data.promptExperimentStop.errors).toEqual([{ code: 'CONFLICT' }]);
  });
});

describe('an experiment that cannot be', () => {
  it('is refused with what is wrong', async () => {
    await twoVersions('faulty');
    await createVersion(gateway(), { slug: 'faulty', version: saying('{{ other }}') });
    const errorsOf = async (input: Input) =>
      (await setExperiment({ slug: 'faulty', arms: ARMS, ...input })).errors;
    const [old] = ARMS;
    expect(await errorsOf({ slug: 'nothing' })).toMatchObject([
      { code: 'NOT_FOUND', path: ['input', 'slug'] },
    ]);
    expect(await errorsOf({ label: 'nowhere' })).toMatchObject([
      { code: 'NOT_FOUND', path: ['input', 'label'] },
    ]);
    expect(await errorsOf({ arms: [old, { name: 'new', version: 9 }] })).toMatchObject([
      { code: 'NOT_FOUND', path: ['input', 'arms', '1', 'version'] },
    ]);
    expect(await errorsOf({ arms: [old, { name: 'new', version: 3 }] })).toMatchObject([
      { code: 'CONFLICT', path: ['input', 'arms', '1', 'version'] },
    ]);
    expect(await errorsOf({ arms: [old] })).toMatchObject([
      {
        code: 'INVALID_INPUT',
        path: ['input', 'arms'],
        message: 'input.arms holds 1; it must hold from 2 to 10',
      },
    ]);
    expect(await errorsOf({ arms: [old, { name: 'new', version: 1 }] })).toMatchObject([
      { path: ['input', 'arms', '1', 'version'] },
    ]);
    expect(await errorsOf({ minRequests: 20, maxRequests: 10 })).toMatchObject([
      { path: ['input', 'maxRequests'] },
    ]);
    expect((await standing('faulty')).experiments).toEqual([]);
  });

  it('ends where the label becomes protected', async () => {
    await twoVersions('becoming');
    await setLabel(gateway(), { slug: 'becoming', label: 'beta', version: 1 });
    await setExperiment({ slug: 'becoming', label: 'beta', arms: ARMS });
    expect((await standing('becoming')).experiments).toHaveLength(1);
    await protect(gateway(), 'beta');
    expect((await standing('becoming')).experiments).toEqual([]);
    const source = { prompt: { slug: 'becoming', label: 'beta' } };
    const texts = await Promise.all(usersOf(8).map((endUserId) => ask('becoming', { source, endUserId })));
    expect(new Set(texts.map(({ text }) => text))).toEqual(new Set(['one']));
    await protect(gateway(), 'beta', false);
  });

  it('is begun on a protected label by admins alone, and never moves it', async () => {
    await twoVersions('guarded');
    await protect(gateway(), 'production');
    const key = await makeKey(gateway(), { scopes: ['PROMPTS_PUBLISH'] });
    const input = { slug: 'guarded', name: 'tone', arms: ARMS };
    for (const whenDecided of ['PROMOTE', 'STOP', 'GO_ON']) {
      const { data } = await gateway().ask(SET, { input: { ...input, whenDecided } }, { key: key.secret });
      expect(data.promptExperimentSet.errors).toMatchObject([
        { code: 'FORBIDDEN', path: ['input', 'label'], message: expect.stringContaining('protected') },
      ]);
    }
    expect((await standing('guarded')).experiments).toEqual([]);
    expect((await setExperiment(input)).errors).toMatchObject([
      { code: 'CONFLICT', path: ['input', 'whenDecided'] },
    ]);
    expect((await setExperiment({ ...input, whenDecided: 'STOP' })).errors).toEqual([]);
    await protect(gateway(), 'production', false);
  });
});
