import type { TestGateway } from '../support/gateway.ts';
import { createPrompt, saying } from '../prompts/support.ts';
import { setDataset } from './support.ts';

type Variables = Record<string, unknown>;

const EVALUATION = `id status stopReason stopMessage model concurrency passingRate sample datasetVersion etaSeconds
  maxCost { amount } cost { amount } counts { total done passed failed errors } promptVersion { number prompt { slug } }
  dataset { name } startedAt finishedAt`;

const START = `mutation ($input: EvaluationStartInput!) {
  evaluationStart(input: $input) { evaluation { ${EVALUATION} } errors { code message path } }
}`;
const CANCEL = `mutation ($id: ID!) {
  evaluationCancel(id: $id) { evaluation { ${EVALUATION} } errors { code message path } }
}`;
const FIND = `query ($id: ID!) { evaluation(id: $id) { ${EVALUATION} } }`;
const RESULTS = `query ($id: ID!, $failedOnly: Boolean, $first: Int, $after: String) {
  evaluation(id: $id) { results(failedOnly: $failedOnly, first: $first, after: $after) { totalCount
    pageInfo { hasNextPage endCursor }
    nodes { caseId case { name } text passed error latencyMs cost { amount }
      completion { id status tags { key value } promptVersion { number } }
      graded { grader score passed reason completion { id } } } } }
}`;

export const EXACT = { exact: {} };

export async function start(gateway: TestGateway, input: Variables, key?: string) {
  const wanted = { dataset: 'cases', graders: [EXACT], ...input };
  const { data, errors } = await gateway.ask(START, { input: wanted }, { ...(key && { key }) });
  if (!data?.evaluationStart) throw new Error(JSON.stringify(errors));
  return data.evaluationStart;
}

export async function cancel(gateway: TestGateway, id: string, key?: string) {
  return (await gateway.ask(CANCEL, { id }, { ...(key && { key }) })).data.evaluationCancel;
}

export async function find(gateway: TestGateway, id: string, key?: string) {
  return (await gateway.ask(FIND, { id }, { ...(key && { key }) })).data.evaluation;
}

export async function resultsOf(gateway: TestGateway, id: string, more: Variables = {}) {
  const { data, errors } = await gateway.ask(RESULTS, { id, ...more });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.evaluation.results;
}

/** The evaluation as soon as it has ended, or is as the test waits for. */
export async function waitFor(
  gateway: TestGateway,
  id: string,
  isAwaited: (evaluation: Awaited<ReturnType<typeof find>>) => boolean = ({ finishedAt }) =>
    finishedAt !== null,
) {
  for (;;) {
    const evaluation = await find(gateway, id);
    if (isAwaited(evaluation)) return evaluation;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts one that must start, and waits for its end. */
export async function run(gateway: TestGateway, input: Variables) {
  const { evaluation, errors } = await start(gateway, input);
  if (!evaluation) throw new Error(JSON.stringify(errors));
  return waitFor(gateway, evaluation.id);
}

/** A prompt that says what it is given, and a dataset of cases that each expect themselves, but the last ones. */
export async function makeEcho(
  gateway: TestGateway,
  {
    slug,
    dataset = slug,
    cases,
    wrong = 0,
    ...version
  }: Variables & { slug: string; cases: number; wrong?: number },
): Promise<void> {
  await createPrompt(gateway, { slug, version: saying('{{ text }}', version) });
  const { errors } = await setDataset(gateway, { name: dataset, cases: makeCases(cases, wrong) });
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
}

export function makeCases(count: number, wrong = 0) {
  return Array.from({ length: count }, (_, place) => ({
    name: `case ${place}`,
    variables: { text: `word ${place}` },
    expected: place < count - wrong ? `word ${place}` : 'another word',
  }));
}

/** What the ledger has booked for all that is tagged with an evaluation, in nano-USD, and how many completions that are. */
export async function booked(
  { gateway }: TestGateway,
  id: string,
): Promise<{ nanos: bigint; completions: number }> {
  const tag = JSON.stringify([{ key: 'evaluation', value: id }]);
  const [row] = await gateway.database.sql<{ nanos: string; completions: number }[]>`
    SELECT coalesce(sum(e.amount_nanos), 0)::text AS nanos, count(DISTINCT c.id)::int AS completions
    FROM completions c LEFT JOIN ledger_entries e ON e.completion_id = c.id AND e.kind = 'SETTLE'
    WHERE c.tags @> ${tag}::text::jsonb`;
  return { nanos: BigInt(row!.nanos), completions: row!.completions };
}
