import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../access/support/keys.ts';
import { addOrganisation, HASHING_SECRET, type Tenant } from '../access/support/organisation.ts';
import { createPrompt, saying } from '../prompts/support.ts';
import { useGateway } from '../support/gateway.ts';
import { cancel, EXACT, find, makeEcho, run, start, waitFor } from './runs.ts';
import { setDataset } from './support.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const NONE = 'eval_00000000000000000000000000';

interface Fault {
  code: string;
  message: string;
  path: string[] | null;
}

beforeAll(async () => {
  await makeEcho(gateway(), { slug: 'echo', cases: 3 });
  await createPrompt(gateway(), { slug: 'open', version: saying('{{ text }}', { model: null }) });
  await setDataset(gateway(), {
    name: 'misfits',
    cases: [
      { name: 'fits', variables: { text: 'x' } },
      { name: 'other', variables: { txt: 'x' } },
      { variables: { text: 7 } },
    ],
  });
  await setDataset(gateway(), { name: 'empty', cases: [] });
});

const ECHO = { prompt: 'echo', dataset: 'echo' };

describe('nothing is called', () => {
  it.each<[string, Record<string, unknown>, string, string, RegExp]>([
    ['there is no such prompt', { prompt: 'none' }, 'NOT_FOUND', '', /no prompt "none"/],
    ['there is no such version', { version: 9 }, 'NOT_FOUND', '', /no version of the prompt echo "9"/],
    [
      'there is no such label',
      { label: 'staging' },
      'NOT_FOUND',
      '',
      /no label of the prompt echo "staging"/,
    ],
    ['both are given', { label: 'staging', version: 1 }, 'INVALID_INPUT', 'input.label', /give one of them/],
    ['there is no such dataset', { dataset: 'none' }, 'NOT_FOUND', 'input.dataset', /no dataset "none"/],
    ['the dataset is empty', { dataset: 'empty' }, 'INVALID_INPUT', 'input.dataset', /which has no cases/],
    ['nobody names a model', { prompt: 'open' }, 'INVALID_INPUT', 'input.model', /names none/],
    ['there is no grader', { graders: [] }, 'INVALID_INPUT', 'input.graders', /at least one/],
    ['a grader is wrong', { graders: [{ exact: {}, json: {} }] }, '', '', /json/],
    ['it may cost nothing', { maxCost: '0' }, 'INVALID_INPUT', 'input.maxCost', /more than 0/],
    [
      'too many are to run at a time',
      { concurrency: 21 },
      'INVALID_INPUT',
      'input.concurrency',
      /from 1 to 20/,
    ],
    ['none is to run', { concurrency: 0 }, 'INVALID_INPUT', 'input.concurrency', /from 1 to 20/],
    ['more than all is to pass', { passingRate: 1.5 }, 'INVALID_INPUT', 'input.passingRate', /from 0 to 1/],
    ['the sample is empty', { sample: 0 }, 'INVALID_INPUT', 'input.sample', /1 or more/],
  ])('where %s', async (_, input, code, path, message) => {
    const answer = await start(gateway(), { ...ECHO, ...input }).catch((error: Error) => ({
      evaluation: null,
      errors: [{ code: '', path: null, message: error.message }],
    }));
    expect(answer.evaluation).toBeNull();
    expect(answer.errors).toEqual([
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    ]);
    expect((answer.errors[0].path ?? []).join('.')).toBe(path);
  });

  it('where a case does not fit, and each fault is told with its case', async () => {
    const { errors } = await start(gateway(), { ...ECHO, dataset: 'misfits' });
    const faults = (errors as Fault[]).map(({ path, message }) => `${path?.join('.')}: ${message}`);
    expect(faults.some((fault) => fault.includes('input.dataset.other') && fault.includes('txt'))).toBe(true);
    expect(faults.some((fault) => /case_\w+\.text must be a STRING; found NUMBER/.test(fault))).toBe(true);
    expect(faults.every((fault) => !fault.includes('dataset.fits'))).toBe(true);
    const { data } = await gateway().ask('{ completions { totalCount } evaluations { totalCount } }');
    expect(data).toEqual({ completions: { totalCount: 0 }, evaluations: { totalCount: 0 } });
  });
});

it('ends at once where the model may not be used, or is not there', async () => {
  const key = await makeKey(gateway(), {
    scopes: ['EVALUATIONS_WRITE', 'COMPLETIONS_WRITE'],
    models: ['demo/assistant'],
  });
  const { evaluation } = await start(gateway(), ECHO, key.secret);
  expect(await waitFor(gateway(), evaluation.id)).toMatchObject({
    status: 'STOPPED',
    stopReason: 'ERROR',
    stopMessage: expect.stringMatching(/may not use "demo\/echo"/),
    counts: { done: 0 },
  });
  const other = await run(gateway(), { ...ECHO, model: 'no/model' });
  expect(other).toMatchObject({ status: 'STOPPED', stopReason: 'ERROR', counts: { done: 0 } });
});

it('counts a case without an answer as an error, with the reason', async () => {
  const failed = await run(gateway(), { ...ECHO, model: 'demo/error', sample: 1 });
  expect(failed).toMatchObject({ status: 'FAILED', counts: { total: 1, errors: 1 } });
});

describe('who', () => {
  let caller: MadeKey;
  let other: Tenant;
  beforeAll(async () => {
    caller = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    other = await addOrganisation(gateway(), 'Other');
  });

  it('may not evaluate is told so, and sees how it went but not what was answered', async () => {
    const { id } = await run(gateway(), ECHO);
    await expect(start(gateway(), ECHO, caller.secret)).rejects.toThrow(/EVALUATIONS_WRITE/);
    const seen = await gateway().ask(
      `{ evaluation(id: "${id}") { status counts { passed } } }`,
      {},
      { key: caller.secret },
    );
    expect(seen.data.evaluation).toEqual({ status: 'PASSED', counts: { passed: 3 } });
    const asked = `{ evaluation(id: "${id}") { results { totalCount } } }`;
    const { errors } = await gateway().ask(asked, {}, { key: caller.secret });
    expect(errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
    const evaluator = await makeKey(gateway(), { scopes: ['EVALUATIONS_WRITE'] });
    expect((await start(gateway(), ECHO, evaluator.secret)).errors).toMatchObject([
      { code: 'FORBIDDEN', message: expect.stringMatching(/COMPLETIONS_WRITE/) },
    ]);
  });

  it('is of another organisation finds nothing, and stops nothing', async () => {
    const { evaluation } = await start(gateway(), { ...ECHO, model: 'demo/slow', sample: 1 });
    const { secret } = other.admin;
    expect(await find(gateway(), evaluation.id, secret)).toBeNull();
    expect((await cancel(gateway(), evaluation.id, secret)).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await start(gateway(), ECHO, secret)).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    const { data } = await gateway().ask(
      '{ evaluations { totalCount } promptLabelRequirements { label } }',
      {},
      { key: secret },
    );
    expect(data).toEqual({ evaluations: { totalCount: 0 }, promptLabelRequirements: [] });
    expect(await find(gateway(), evaluation.id)).toMatchObject({ finishedAt: null });
    await cancel(gateway(), evaluation.id);
    expect(await waitFor(gateway(), evaluation.id)).toMatchObject({ stopReason: 'CANCELLED' });
    expect((await cancel(gateway(), NONE)).errors).toMatchObject([{ code: 'NOT_FOUND', path: ['id'] }]);
  });

  it('begins and ends one is in the audit', async () => {
    const { data } = await gateway().ask(
      '{ auditEvents(filter: { action: { contains: "evaluation." } }) { nodes { action after } } }',
    );
    const actions = (data.auditEvents.nodes as { action: string }[]).map(({ action }) => action);
    expect(actions).toContain('evaluation.start');
    expect(actions).toContain('evaluation.cancel');
  });
});

it('keeps only so many waiting', async () => {
  const input = { ...ECHO, model: 'demo/silent', graders: [EXACT], concurrency: 1, sample: 1 };
  const started: string[] = [];
  let answer = await start(gateway(), input);
  for (; answer.evaluation; answer = await start(gateway(), input)) started.push(answer.evaluation.id);
  expect(answer.errors).toMatchObject([
    { code: 'CONFLICT', message: expect.stringMatching(/^50 evaluations run or wait already/) },
  ]);
  expect(started).toHaveLength(50);
  await Promise.all(started.map((id) => cancel(gateway(), id)));
  for (const id of started) expect(await waitFor(gateway(), id)).toMatchObject({ stopReason: 'CANCELLED' });
});
