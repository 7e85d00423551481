import { beforeAll, describe, expect, it } from 'vitest';
import { subscribe, STREAMING } from '../completion/support/streams.ts';
import { createVersion, saying } from '../prompts/support.ts';
import { useGateway } from '../support/gateway.ts';
import { NO_SERVER, useTwoInstances } from '../support/two-instances.ts';
import { makeEcho, run, start } from './runs.ts';

const PROGRESS = `subscription ($id: ID!) {
  event: evaluationProgress(id: $id) { status etaSeconds cost { amount } counts { total done passed failed errors } }
}`;
const COMPARE = `query ($a: ID!, $b: ID!) { evaluationCompare(a: $a, b: $b) {
  cases onlyA onlyB betterCount worseCount
  passed { a b difference interval { low high } chance }
  graders { grader cases passed { difference } score { a b difference interval { low high } } }
  better { case { name } a { passed text } b { passed text } } worse { case { name } }
} }`;
const SUMMARY = `query ($id: ID!) { evaluation(id: $id) { summary {
  passed { rate interval { low high } } latency { p50Ms p95Ms totalMs }
  graders { grader { name type threshold } graded meanScore interval { low high } passed { rate } }
} } }`;

interface Progress {
  status: string;
  counts: { done: number; total: number };
}

async function watch(url: string, id: string, transport: (typeof STREAMING)[number]): Promise<Progress[]> {
  const stream = await subscribe(transport, { url }, { query: PROGRESS, variables: { id } });
  return (await stream.rest()) as unknown as Progress[];
}

function expectToGetOn(events: Progress[], total: number): void {
  const done = events.map(({ counts }) => counts.done);
  expect(done).toEqual(done.toSorted((a, b) => a - b));
  expect(events.at(-1)).toMatchObject({ status: 'PASSED', etaSeconds: null, counts: { done: total, total } });
  expect(events.length).toBeGreaterThan(2);
}

describe('one instance', () => {
  const gateway = useGateway();
  beforeAll(() => makeEcho(gateway(), { slug: 'echo', cases: 20, wrong: 4 }));
  const echo = (more: object = {}) => ({ prompt: 'echo', dataset: 'echo', passingRate: 0, ...more });
  const ask = async (query: string, variables: object) => (await gateway().ask(query, variables)).data;

  it.each(STREAMING)('tells of progress until the end, over %s', async (transport) => {
    const { evaluation } = await start(gateway(), echo({ model: 'demo/assistant', concurrency: 5 }));
    const events = await watch(gateway().url, evaluation.id, transport);
    expectToGetOn(events, 20);
    // Whoever comes late is told how it ended.
    expect(await watch(gateway().url, evaluation.id, transport)).toMatchObject([{ status: 'PASSED' }]);
  });

  it('sums up what graders think, with intervals', async () => {
    const { id } = await run(gateway(), echo());
    const { evaluation } = await ask(SUMMARY, { id });
    const { passed, graders, latency } = evaluation.summary;
    expect(passed.rate).toBe(0.8);
    expect(passed.interval.low).toBeCloseTo(0.584, 3);
    expect(passed.interval.high).toBeCloseTo(0.9193, 3);
    expect(graders).toMatchObject([
      {
        grader: { name: 'exact', type: 'EXACT', threshold: 1 },
        graded: 20,
        meanScore: 0.8,
        passed: { rate: 0.8 },
      },
    ]);
    expect(graders[0].interval.low).toBeCloseTo(0.608, 3);
    expect(latency.p50Ms).toBeLessThanOrEqual(latency.p95Ms);
  });

  it('compares two evaluations case by case', async () => {
    await createVersion(gateway(), {
      slug: 'echo',
      version: saying(
        "{% if text == 'word 0' %}no{% elsif text == 'word 19' %}another word{% else %}{{ text }}{% endif %}",
      ),
    });
    const [a, b] = [
      await run(gateway(), echo({ version: 1 })),
      await run(gateway(), echo({ version: 2, sample: 20 })),
    ];
    const { evaluationCompare } = await ask(COMPARE, { a: a.id, b: b.id });
    expect(evaluationCompare).toMatchObject({
      cases: 20,
      onlyA: 0,
      onlyB: 0,
      betterCount: 1,
      worseCount: 1,
      passed: { a: 0.8, b: 0.8, difference: 0, chance: 1 },
      graders: [{ grader: 'exact', cases: 20, passed: { difference: 0 }, score: { difference: 0 } }],
      better: [
        { case: { name: 'case 19' }, a: { passed: false, text: 'word 19' }, b: { text: 'another word' } },
      ],
      worse: [{ case: { name: 'case 0' } }],
    });
    expect(evaluationCompare.passed.interval.low).toBeLessThan(0);
    expect(evaluationCompare.passed.interval.high).toBeGreaterThan(0);
    const part = await run(gateway(), echo({ version: 1, sample: 5 }));
    expect((await ask(COMPARE, { a: part.id, b: b.id })).evaluationCompare).toMatchObject({
      cases: 5,
      onlyB: 15,
    });
    expect(
      (await ask(COMPARE, { a: a.id, b: 'eval_00000000000000000000000000' })).evaluationCompare,
    ).toBeNull();
    await makeEcho(gateway(), { slug: 'other', cases: 1 });
    const other = await run(gateway(), { prompt: 'other', dataset: 'other' });
    const { errors } = await gateway().ask(COMPARE, { a: a.id, b: other.id });
    expect(errors?.[0]?.message).toMatch(/b is of another dataset/);
  });
});

describe.skipIf(NO_SERVER)('two instances', () => {
  const { one, two } = useTwoInstances();

  it('both tell of progress, whichever runs it', async () => {
    await makeEcho(one(), { slug: 'echo', cases: 20, model: 'demo/assistant' });
    const { evaluation } = await start(one(), {
      prompt: 'echo',
      dataset: 'echo',
      passingRate: 0,
      concurrency: 2,
    });
    const both = await Promise.all([one(), two()].map(({ url }) => watch(url, evaluation.id, 'SSE')));
    for (const events of both) expectToGetOn(events, 20);
    expect(both.map((events) => events.at(-1))).toMatchObject([{ status: 'PASSED' }, { status: 'PASSED' }]);
  });
});
