import { beforeAll, describe, expect, it } from 'vitest';
import { dumpTables } from '../access/support/dump.ts';
import { makeKey } from '../access/support/keys.ts';
import { addOrganisation, HASHING_SECRET } from '../access/support/organisation.ts';
import { trimRecordings } from '../../src/ledger/recordings.ts';
import { publish } from '../prompts/support.ts';
import { useGateway } from '../support/gateway.ts';
import { keepPrompts, recordDataset } from './support.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });

const COMPLETE = `mutation ($input: CompletionInput!) {
  completionCreate(input: $input) { completion { id text } errors { code message } }
}`;
const SECRET = 'the-word-nobody-keeps';

beforeAll(async () => {
  const question = { role: 'USER', template: '{{ question }}' };
  await publish(gateway(), 'answer', {
    messages: [question],
    variables: [{ name: 'question', type: 'STRING' }],
    model: 'demo/echo',
  });
  await publish(gateway(), 'guard', {
    messages: [{ role: 'SYSTEM', template: 'The password is {{ password }}.' }, question],
    variables: [
      { name: 'question', type: 'STRING' },
      { name: 'password', type: 'STRING', neverLog: true },
    ],
    model: 'demo/echo',
  });
});

async function answer(variables: Record<string, unknown>, more: object = {}, key?: string): Promise<string> {
  const slug = 'password' in variables ? 'guard' : 'answer';
  const input = { source: { prompt: { slug, variables, ...more } } };
  const { data } = await gateway().ask(COMPLETE, { input }, { ...(key && { key }) });
  return data.completionCreate.completion.id;
}

function completionsOf({ cases }: { cases: { nodes: { completion: { id: string } }[] } }): string[] {
  return cases.nodes.map(({ completion }) => completion.id);
}

async function listRecorded(): Promise<{ completion_id: string; variables: unknown; withheld: string[] }[]> {
  return gateway().gateway.database.sql`SELECT * FROM prompt_recordings ORDER BY completion_id`;
}

it('does not happen before an organisation agrees to it', async () => {
  await answer({ question: 'Who is there?' });
  expect(await listRecorded()).toEqual([]);
  expect((await recordDataset(gateway(), { name: 'early', prompt: 'answer' })).errors).toEqual([
    {
      code: 'CONFLICT',
      message:
        'what prompts are given is not kept; an admin agrees to that by organisationUpdate, recordPromptsDays',
      path: null,
    },
  ]);
});

describe('once an organisation agrees to it', () => {
  beforeAll(async () => {
    await keepPrompts(gateway(), 30);
  });

  it('keeps what a prompt is given, redacted, and never what is never logged', async () => {
    const question = 'I am ada@example.com, my card is 4111 1111 1111 1111, my key sk-live-abcdefgh12345678';
    const id = await answer({ question, password: SECRET });
    const [kept] = (await listRecorded()).filter(({ completion_id }) => completion_id === id);
    expect(kept).toMatchObject({
      variables: { question: 'I am [email], my card is [card], my key [redacted]' },
      withheld: ['password'],
    });
    expect(await dumpTables(gateway().gateway.database)).not.toContain(SECRET);
    expect(gateway().logs.join('\n')).not.toContain(SECRET);
  });

  it('does not where a request says so, where nothing was a prompt’s, or where it is too large', async () => {
    const before = (await listRecorded()).length;
    await answer({ question: 'Not this' }, { record: false });
    await answer({ question: 'some words '.repeat(7_000) });
    await gateway().ask(COMPLETE, { input: { model: 'demo/echo', source: { text: 'nor this' } } });
    expect(await listRecorded()).toHaveLength(before);
  });

  it('makes cases of it, with the answers as what is expected', async () => {
    await gateway().gateway.database.sql`DELETE FROM prompt_recordings`;
    const first = await answer({ question: 'First' });
    const second = await answer({ question: 'Write to bob@example.com' });
    const recorded = await recordDataset(gateway(), { name: 'recorded', prompt: 'answer' });
    expect(recorded).toMatchObject({ added: 2, errors: [] });
    expect(recorded.dataset.cases.nodes).toMatchObject([
      {
        source: 'RECORDED',
        variables: { question: 'First' },
        expected: 'First',
        missing: [],
        completion: { id: first },
      },
      {
        variables: { question: 'Write to [email]' },
        expected: 'Write to [email]',
        completion: { id: second },
      },
    ]);
    // What it has already it does not get again, and nothing new makes no version.
    const again = await recordDataset(gateway(), { name: 'recorded', prompt: 'answer' });
    expect(again).toMatchObject({ added: 0, dataset: { version: 1, caseCount: 2 } });
  });

  it('keeps it of completions that took several attempts, with which others share statements', async () => {
    await gateway().ask(`mutation { routeSet(input: {
      name: "second", strategy: PRIORITY, targets: [{ model: "demo/error" }, { model: "demo/echo" }]
    }) { errors { message } } }`);
    const before = (await listRecorded()).length;
    const ask = (place: number) => {
      const prompt = { slug: 'answer', variables: { question: `Number ${place}` } };
      return gateway().ask(COMPLETE, { input: { model: 'second', source: { prompt } } });
    };
    await Promise.all(Array.from({ length: 40 }, (_, place) => ask(place)));
    const kept = (await listRecorded()).slice(before).map(({ variables }) => variables);
    expect(kept).toHaveLength(40);
    expect(kept).toContainEqual({ question: 'Number 39' });
  });

  it('says which variables a case is without, or puts something into their place', async () => {
    await answer({ question: 'Let me in', password: SECRET });
    const wanted = { prompt: 'guard', limit: 1, expectAnswers: false };
    const without = await recordDataset(gateway(), { name: 'without', ...wanted });
    expect(without.dataset.cases.nodes).toMatchObject([
      { variables: { question: 'Let me in' }, expected: null, missing: ['password'] },
    ]);
    const placeholders = { password: 'changeme', question: 'not this one' };
    const whole = await recordDataset(gateway(), { name: 'whole', ...wanted, placeholders });
    expect(whole.dataset.cases.nodes).toMatchObject([
      { variables: { question: 'Let me in', password: 'changeme' }, missing: [] },
    ]);
  });

  it('takes only what people liked, where that is asked for', async () => {
    const [good, bad] = [await answer({ question: 'Good' }), await answer({ question: 'Bad' })];
    await answer({ question: 'Nobody said' });
    const rate =
      'mutation ($id: ID!, $score: Float!) { completionRate(input: { id: $id, score: $score }) { errors { code } } }';
    await gateway().ask(rate, { id: good, score: 0.9 });
    await gateway().ask(rate, { id: bad, score: 0.1 });
    const { dataset } = await recordDataset(gateway(), { name: 'liked', prompt: 'answer', minRating: 0.8 });
    expect(completionsOf(dataset)).toEqual([good]);
    const failed = await recordDataset(gateway(), { name: 'failed', prompt: 'answer', status: 'FAILED' });
    expect(failed.added).toBe(0);
  });

  it('takes only what the viewer may see', async () => {
    await answer({ question: 'An admin’s' });
    const { secret: key } = await makeKey(gateway(), { scopes: ['EVALUATIONS_WRITE', 'COMPLETIONS_WRITE'] });
    const own = await answer({ question: 'Their own' }, {}, key);
    const { dataset } = await recordDataset(gateway(), { name: 'own', prompt: 'answer' }, key);
    expect(completionsOf(dataset)).toEqual([own]);

    const other = await addOrganisation(gateway(), 'Other');
    const { errors } = await recordDataset(gateway(), { name: 'own', prompt: 'answer' }, other.admin.secret);
    expect(errors[0].code).toBe('CONFLICT');
    await gateway().ask(
      'mutation { organisationUpdate(input: { recordPromptsDays: 1 }) { errors { code } } }',
      {},
      { key: other.admin.secret },
    );
    const theirs = await recordDataset(gateway(), { name: 'own', prompt: 'answer' }, other.admin.secret);
    expect(theirs.errors).toEqual([
      { code: 'NOT_FOUND', message: 'no prompt "answer"', path: ['input', 'prompt'] },
    ]);
  });

  it.each([
    ['limit', { limit: 0 }, 'input.limit is 0; it must be 1 to 1000'],
    ['minRating', { minRating: 2 }, 'input.minRating is 2; it must be 0 to 1'],
    [
      'placeholders',
      { placeholders: ['x'] },
      'input.placeholders must be an object with a value for each variable that was kept nowhere',
    ],
  ])('refuses a %s that is none', async (field, input, message) => {
    const { errors } = await recordDataset(gateway(), { name: 'none', prompt: 'answer', ...input });
    expect(errors).toEqual([{ code: 'INVALID_INPUT', message, path: ['input', field] }]);
  });

  it('forgets it when its time is over', async () => {
    const { sql } = gateway().gateway.database;
    const id = await answer({ question: 'Old' });
    await sql`UPDATE prompt_recordings SET created_at = now() - interval '31 days' WHERE completion_id = ${id}`;
    const before = (await listRecorded()).length;
    await trimRecordings(sql);
    const left = await listRecorded();
    expect(left).toHaveLength(before - 1);
    expect(left.map(({ completion_id }) => completion_id)).not.toContain(id);
  });

  it('forgets all at once when the organisation takes it back, but for datasets', async () => {
    await answer({ question: 'Last' });
    await recordDataset(gateway(), { name: 'stays', prompt: 'answer', limit: 1 });
    expect(await keepPrompts(gateway(), 0)).toEqual({
      organisation: { recordPromptsDays: null, regions: [] },
      errors: [],
    });
    expect(await listRecorded()).toEqual([]);
    await answer({ question: 'After' });
    expect(await listRecorded()).toEqual([]);
    const { data } = await gateway().ask('{ dataset(name: "stays") { caseCount } }');
    expect(data.dataset.caseCount).toBe(1);
    expect((await keepPrompts(gateway(), 366)).errors).toEqual([
      {
        code: 'INVALID_INPUT',
        message: 'input.recordPromptsDays is 366; it must be 0 to 365',
        path: ['input', 'recordPromptsDays'],
      },
    ]);
  });
});
