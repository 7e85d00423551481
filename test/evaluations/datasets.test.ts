import { describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { addOrganisation, HASHING_SECRET } from '../access/support/organisation.ts';
import { useGateway } from '../support/gateway.ts';
import { addCases, setDataset } from './support.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });

const greeting = (name: string, expected: unknown = `Hello ${name}!`) => ({ variables: { name }, expected });

it('is uploaded, read in pages, replaced as a new version, and deleted', async () => {
  const made = await setDataset(gateway(), {
    name: 'greetings',
    description: 'Who is greeted',
    cases: [{ name: 'ada', ...greeting('Ada') }, greeting('Bob', { said: ['Hello', null] })],
  });
  expect(made).toMatchObject({
    dataset: {
      id: expect.stringMatching(/^ds_/),
      name: 'greetings',
      description: 'Who is greeted',
      version: 1,
      caseCount: 2,
      cases: {
        totalCount: 2,
        nodes: [
          {
            name: 'ada',
            variables: { name: 'Ada' },
            expected: 'Hello Ada!',
            source: 'UPLOADED',
            missing: [],
          },
          { name: null, variables: { name: 'Bob' }, expected: { said: ['Hello', null] }, completion: null },
        ],
      },
    },
    errors: [],
  });

  const read = `query ($version: Int, $after: String) {
    dataset(name: "greetings") { cases(version: $version, first: 1, after: $after) {
      totalCount nodes { variables } pageInfo { hasNextPage endCursor } } }
    datasets { totalCount nodes { name } }
  }`;
  const first = (await gateway().ask(read)).data;
  expect(first.datasets).toEqual({ totalCount: 1, nodes: [{ name: 'greetings' }] });
  expect(first.dataset.cases.pageInfo.hasNextPage).toBe(true);
  const after = first.dataset.cases.pageInfo.endCursor;
  const next = (await gateway().ask(read, { after })).data.dataset.cases;
  expect(next).toMatchObject({ nodes: [{ variables: { name: 'Bob' } }], pageInfo: { hasNextPage: false } });

  const replaced = await setDataset(gateway(), { name: 'greetings', cases: [greeting('Cleo')] });
  expect(replaced.dataset).toMatchObject({ version: 2, caseCount: 1, description: 'Who is greeted' });
  expect((await gateway().ask(read, { version: 1 })).data.dataset.cases.totalCount).toBe(2);

  const gone = 'mutation { datasetDelete(name: "greetings") { deletedId errors { code message path } } }';
  expect((await gateway().ask(gone)).data.datasetDelete).toEqual({ deletedId: made.dataset.id, errors: [] });
  expect((await gateway().ask('{ dataset(name: "greetings") { id } }')).data.dataset).toBeNull();
  expect((await gateway().ask(gone)).data.datasetDelete.errors).toEqual([
    { code: 'NOT_FOUND', message: 'no dataset "greetings"', path: ['name'] },
  ]);
  const [left] = await gateway().gateway.database.sql`
    SELECT count(*)::int AS count FROM dataset_cases WHERE dataset_id = ${made.dataset.id}`;
  expect(left!['count']).toBe(0);
  const audit = await gateway().ask(
    '{ auditEvents(filter: { action: { contains: "dataset" } }) { nodes { action after } } }',
  );
  expect(audit.data.auditEvents.nodes.map(({ action }: { action: string }) => action)).toEqual([
    'dataset.delete',
    'dataset.set',
    'dataset.set',
  ]);
  expect(JSON.stringify(audit)).not.toContain('Cleo');
});

it('keeps a case that is uploaded again, and makes no version where nothing changes', async () => {
  const cases = [greeting('Ada'), greeting('Ada'), greeting('Bob')];
  const { dataset: one } = await setDataset(gateway(), { name: 'again', cases });
  const { dataset: same } = await setDataset(gateway(), { name: 'again', cases: cases.toReversed() });
  expect(same).toEqual(one);
  const { dataset: two } = await setDataset(gateway(), {
    name: 'again',
    cases: [greeting('Ada'), greeting('Zoe')],
  });
  expect(two.version).toBe(2);
  const idOf = (dataset: typeof one, name: string) =>
    dataset.cases.nodes.find((each: { variables: { name: string } }) => each.variables.name === name).id;
  expect(idOf(two, 'Ada')).toBe(idOf(one, 'Ada'));
});

it('grows by pages of an upload', async () => {
  await setDataset(gateway(), { name: 'pages', cases: [{ name: 'one', ...greeting('Ada') }] });
  const { dataset } = await addCases(gateway(), {
    name: 'pages',
    cases: [{ name: 'two', ...greeting('Bob') }],
  });
  expect(dataset).toMatchObject({ version: 2, caseCount: 2 });
  expect(
    (await addCases(gateway(), { name: 'pages', cases: [{ name: 'two', ...greeting('Zoe') }] })).errors,
  ).toEqual([
    {
      code: 'INVALID_INPUT',
      message: 'input.cases.0.name is "two", the name of a case that the dataset has',
      path: ['input', 'cases', '0', 'name'],
    },
  ]);
  expect((await addCases(gateway(), { name: 'nowhere', cases: [] })).errors).toEqual([
    { code: 'NOT_FOUND', message: 'no dataset "nowhere"', path: ['input', 'name'] },
  ]);
});

it('forgets old versions that no evaluation is of', async () => {
  for (let round = 1; round <= 13; round += 1)
    await setDataset(gateway(), { name: 'often', cases: [greeting(`number ${round}`)] });
  const { data } = await gateway().ask(
    '{ dataset(name: "often") { version first: cases(version: 1) { totalCount } fourth: cases(version: 4) { totalCount } } }',
  );
  expect(data.dataset).toEqual({ version: 13, first: { totalCount: 0 }, fourth: { totalCount: 1 } });
});

describe('refuses', () => {
  it.each([
    [
      'a name that is none',
      { name: 'No Name', cases: [] },
      ['input', 'name'],
      /"No Name"; it must be 1 to 64/,
    ],
    [
      'variables that are no object',
      { cases: [greeting('Ada'), { variables: ['Ada'] }] },
      ['input', 'cases', '1', 'variables'],
      /is a list; it must be an object/,
    ],
    [
      'two cases of one name',
      {
        cases: [
          { name: 'x', variables: {} },
          { name: 'x', variables: {} },
        ],
      },
      ['input', 'cases', '1', 'name'],
      /the name of an earlier case/,
    ],
    [
      'a case that is too large',
      { cases: [greeting('a'.repeat(70_000))] },
      ['input', 'cases', '0', 'variables'],
      /bytes; at most 65536 fit/,
    ],
    [
      'too many cases',
      { cases: Array.from({ length: 10_001 }, () => ({ variables: {} })) },
      ['input', 'cases'],
      /would make 10001 cases; a dataset holds at most 10000/,
    ],
  ])('%s', async (_, input, path, message) => {
    const { errors, dataset } = await setDataset(gateway(), { name: 'refused', ...input });
    expect(errors).toEqual([{ code: 'INVALID_INPUT', message: expect.stringMatching(message), path }]);
    expect(dataset).toBeNull();
  });

  it('more than fits together', async () => {
    const page = (part: string) =>
      Array.from({ length: 60 }, (_, place) => greeting(`${part}${place} ${'a'.repeat(60_000)}`, null));
    await setDataset(gateway(), { name: 'large', cases: page('a') });
    for (const part of ['b', 'c', 'd']) await addCases(gateway(), { name: 'large', cases: page(part) });
    const { errors } = await addCases(gateway(), { name: 'large', cases: page('e') });
    expect(errors).toEqual([
      {
        code: 'INVALID_INPUT',
        message: expect.stringMatching(/bytes; a dataset holds at most 16777216/),
        path: ['input', 'cases'],
      },
    ]);
  });

  it('whoever may not, and shows them no cases', async () => {
    await setDataset(gateway(), { name: 'closed', cases: [greeting('Ada')] });
    const { secret: key } = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const set = 'mutation { datasetSet(input: { name: "closed", cases: [] }) { errors { code } } }';
    expect((await gateway().ask(set, {}, { key })).errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
    expect((await gateway().ask('{ dataset(name: "closed") { caseCount } }', {}, { key })).data).toEqual({
      dataset: { caseCount: 1 },
    });
    const cases = await gateway().ask('{ dataset(name: "closed") { cases { totalCount } } }', {}, { key });
    expect(cases.errors?.[0]?.message).toContain('needs the scope EVALUATIONS_WRITE');
  });
});

it('is nobody else’s', async () => {
  const { dataset } = await setDataset(gateway(), { name: 'ours', cases: [greeting('Ada')] });
  const [{ id: caseId }] = dataset.cases.nodes;
  const other = await addOrganisation(gateway(), 'Other');
  const key = other.admin.secret;
  const seen = await gateway().ask(
    `query ($ids: [ID!]!) { dataset(name: "ours") { id } datasets { totalCount nodes { id } } nodes(ids: $ids) { id } }`,
    { ids: [dataset.id, caseId] },
    { key },
  );
  expect(seen.data).toEqual({ dataset: null, datasets: { totalCount: 0, nodes: [] }, nodes: [null, null] });
  const deleted = await gateway().ask(
    'mutation { datasetDelete(name: "ours") { errors { code } } }',
    {},
    { key },
  );
  expect(deleted.data.datasetDelete.errors).toEqual([{ code: 'NOT_FOUND' }]);
  // The name is free there, and what is set there is another dataset.
  expect((await setDataset(gateway(), { name: 'ours', cases: [] }, key)).dataset.id).not.toBe(dataset.id);
  expect((await gateway().ask('{ dataset(name: "ours") { caseCount } }')).data.dataset.caseCount).toBe(1);
});
