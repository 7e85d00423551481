import { beforeAll, describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { createVersion, saying, setLabel } from '../prompts/support.ts';
import { EXACT, makeCases, makeEcho, run } from './runs.ts';
import { setDataset } from './support.ts';

const gateway = useGateway();

const REQUIRE = `mutation ($input: PromptLabelRequireInput!) {
  promptLabelRequire(input: $input) {
    requirement { label anyDataset minPassRate prompt { slug } dataset { name } graders { name type } }
    errors { code message path } }
}`;

async function require(input: Record<string, unknown>) {
  return (await gateway().ask(REQUIRE, { input })).data.promptLabelRequire;
}
async function unrequire(label: string, slug?: string) {
  const { data } = await gateway().ask(
    'mutation ($label: String!, $slug: String) { promptLabelUnrequire(label: $label, slug: $slug) { errors { code } } }',
    { label, slug },
  );
  return data.promptLabelUnrequire.errors;
}
const publish = (slug: string, version = 1) => setLabel(gateway(), { slug, label: 'production', version });
const refusal = async (slug: string, version = 1) => (await publish(slug, version)).errors;
const evaluate = (slug: string, more: Record<string, unknown> = {}) =>
  run(gateway(), { prompt: slug, dataset: slug, version: 1, ...more });

interface Fault {
  code: string;
  path: string[];
}

const conflict = (what: RegExp | string) => [
  expect.objectContaining({ code: 'CONFLICT', message: expect.stringMatching(what) }),
];

describe('a label of a prompt that asks for an evaluation', () => {
  beforeAll(() => makeEcho(gateway(), { slug: 'gated', cases: 10, wrong: 2 }));

  it('is set', async () => {
    const asked = {
      slug: 'gated',
      label: 'production',
      dataset: 'gated',
      minPassRate: 0.8,
      graders: [EXACT],
    };
    const { requirement } = await require(asked);
    expect(requirement).toEqual({
      label: 'production',
      anyDataset: false,
      minPassRate: 0.8,
      prompt: { slug: 'gated' },
      dataset: { name: 'gated' },
      graders: [{ name: 'exact', type: 'EXACT' }],
    });
    const { data } = await gateway().ask(
      '{ promptLabelRequirements { label prompt { slug } setBy { __typename } } }',
    );
    expect(data.promptLabelRequirements).toEqual([
      { label: 'production', prompt: { slug: 'gated' }, setBy: { __typename: 'ApiKey' } },
    ]);
  });

  it('does not stand for a version that none was run of', async () => {
    expect(await refusal('gated')).toEqual(
      conflict(
        /^the label production is not for version 1 of gated yet: it takes an evaluation on all of version 1 of the dataset gated that has passed by exact with at least 80 %; there is none$/,
      ),
    );
  });

  it.each([
    ['too little passed', { passingRate: 0.9 }, /is FAILED, with 8 of 10 cases passed$/],
    ['it was of a sample', { passingRate: 0, sample: 3 }, /was of 3 of the cases only$/],
    [
      'it was of another model',
      { passingRate: 0, model: 'demo/assistant' },
      /was of another model, demo\/assistant$/,
    ],
    ['others have graded', { graders: [{ regex: { pattern: '.' } }] }, /had other graders$/],
  ])('nor where %s', async (_, input, why) => {
    await evaluate('gated', input);
    expect(await refusal('gated')).toEqual(conflict(why));
  });

  it('stands for one that has passed, and for no other version', async () => {
    await evaluate('gated', { passingRate: 0.5 });
    expect(await refusal('gated')).toEqual([]);
    await createVersion(gateway(), { slug: 'gated', version: saying('{{ text }}!') });
    expect(await refusal('gated', 2)).toEqual(conflict(/version 2 of gated yet.*; there is none$/));
  });

  it('takes another one as soon as the dataset has changed', async () => {
    await setLabel(gateway(), { slug: 'gated', label: 'staging', version: 1 });
    await setDataset(gateway(), { name: 'gated', cases: makeCases(11) });
    const { data } = await gateway().ask(
      'mutation { promptLabelDelete(input: { slug: "gated", label: "production" }) { errors { message } } }',
    );
    expect(data?.promptLabelDelete?.errors ?? []).toEqual([]);
    expect(await refusal('gated')).toEqual(conflict(/was of version 1 of the dataset gated$/));
    await evaluate('gated');
    expect(await refusal('gated')).toEqual([]);
  });

  it('stands for nothing new when the dataset is gone', async () => {
    await gateway().ask('mutation { datasetDelete(name: "gated") { errors { code } } }');
    expect(await refusal('gated', 2)).toEqual(conflict(/a dataset that is gone/));
    expect(await unrequire('production', 'gated')).toEqual([]);
    expect(await refusal('gated', 2)).toEqual([]);
    expect(await unrequire('production', 'gated')).toEqual([{ code: 'NOT_FOUND' }]);
  });
});

it('can be asked of all prompts, beside what is asked of one', async () => {
  await makeEcho(gateway(), { slug: 'other', cases: 2 });
  await require({ label: 'production' });
  await require({ label: 'production', slug: 'other', dataset: 'other', minPassRate: 0.5 });
  expect(await refusal('other')).toEqual(
    conflict(/a dataset that has passed.*, and it takes .* of the dataset other/),
  );
  await evaluate('other');
  expect(await refusal('other')).toEqual([]);
  expect(await unrequire('production')).toEqual([]);
});

it('is set by admins, of what there is', async () => {
  const wrong = await Promise.all([
    require({ label: 'Production' }),
    require({ label: 'production', slug: 'none' }),
    require({ label: 'production', dataset: 'none' }),
    require({ label: 'production', minPassRate: 1.1 }),
    require({ label: 'production', graders: [] }),
  ]);
  expect(
    wrong.map(({ errors }) => (errors as Fault[]).map(({ code, path }) => [code, path.join('.')])),
  ).toEqual([
    [['INVALID_INPUT', 'input.label']],
    [['NOT_FOUND', 'input.slug']],
    [['NOT_FOUND', 'input.dataset']],
    [['INVALID_INPUT', 'input.minPassRate']],
    [['INVALID_INPUT', 'input.graders']],
  ]);
});
