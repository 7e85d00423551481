import { askGateway, type GatewayAddress, type UserError } from './ask-gateway.ts';

/** How an evaluation stands, as the graph tells it. */
export interface Standing {
  id: string;
  status: 'QUEUED' | 'RUNNING' | 'PASSED' | 'FAILED' | 'STOPPED';
  stopMessage: string | null;
  etaSeconds: number | null;
  cost: { amount: string };
  counts: { total: number; done: number; passed: number; failed: number; errors: number };
  promptVersion: { number: number; prompt: { slug: string } };
  dataset: { name: string };
  datasetVersion: number;
  createdAt: string;
}

interface Interval {
  low: number;
  high: number;
}

/** What graders think of all answers. */
export interface Summary {
  passed: { rate: number; interval: Interval } | null;
  latency: { p50Ms: number; p95Ms: number; totalMs: number } | null;
  graders: {
    grader: { name: string };
    graded: number;
    meanScore: number | null;
    interval: Interval | null;
    passed: { rate: number; interval: Interval } | null;
  }[];
}

/** What came of one case. */
export interface Result {
  caseId: string;
  case: { name: string | null } | null;
  text: string | null;
  passed: boolean;
  error: string | null;
  latencyMs: number;
  graded: { grader: string; score: number; passed: boolean; reason: string }[];
}

interface Difference {
  a: number;
  b: number;
  difference: number;
  interval: Interval | null;
}

export interface Comparison {
  cases: number;
  passed: (Difference & { chance: number }) | null;
  graders: { grader: string; score: Difference }[];
  better: ComparedCase[];
  worse: ComparedCase[];
  betterCount: number;
  worseCount: number;
}

interface ComparedCase {
  case: { name: string | null } | null;
}

const STANDING = `id status stopMessage etaSeconds cost { amount } counts { total done passed failed errors }
  promptVersion { number prompt { slug } } dataset { name } datasetVersion createdAt`;
const BOUNDS = 'interval { low high }';
const PAGE = 200;

/** What the command line asks of a gateway about evaluations. */
export interface EvalGraph {
  upload(name: string, cases: readonly object[]): Promise<void>;
  start(input: object): Promise<Standing>;
  cancel(id: string): Promise<void>;
  read(id: string): Promise<Standing>;
  summarise(id: string): Promise<Summary>;
  /** All that there are. */
  listResults(id: string): Promise<Result[]>;
  compare(a: string, b: string): Promise<Comparison>;
  /** The last evaluation of the version that a label stands for. */
  findOfLabel(slug: string, label: string, dataset: string): Promise<string | undefined>;
}

/** Each throws an Error in one line where it is refused. */
export function createEvalGraph(gateway: GatewayAddress): EvalGraph {
  const ask = <Data>(query: string, variables: object) => askGateway<Data>(gateway, query, variables);
  return {
    async upload(name, cases) {
      const { datasetSet } = await ask<{ datasetSet: { errors: UserError[] } }>(
        'mutation ($input: DatasetSetInput!) { datasetSet(input: $input) { errors { code message path } } }',
        { input: { name, cases } },
      );
      ensureNone(datasetSet.errors);
    },
    async start(input) {
      const { evaluationStart } = await ask<{
        evaluationStart: { evaluation: Standing | null; errors: UserError[] };
      }>(
        `mutation ($input: EvaluationStartInput!) {
          evaluationStart(input: $input) { evaluation { ${STANDING} } errors { code message path } } }`,
        { input },
      );
      ensureNone(evaluationStart.errors);
      return evaluationStart.evaluation!;
    },
    async cancel(id) {
      await ask('mutation ($id: ID!) { evaluationCancel(id: $id) { errors { code } } }', { id });
    },
    async read(id) {
      const { evaluation } = await ask<{ evaluation: Standing | null }>(
        `query ($id: ID!) { evaluation(id: $id) { ${STANDING} } }`,
        { id },
      );
      if (!evaluation) throw new Error(`the evaluation ${id} is gone`);
      return evaluation;
    },
    async summarise(id) {
      const { evaluation } = await ask<{ evaluation: { summary: Summary } }>(
        `query ($id: ID!) { evaluation(id: $id) { summary {
          passed { rate ${BOUNDS} } latency { p50Ms p95Ms totalMs }
          graders { grader { name } graded meanScore ${BOUNDS} passed { rate ${BOUNDS} } } } } }`,
        { id },
      );
      return evaluation.summary;
    },
    async listResults(id) {
      const results: Result[] = [];
      for (let after: string | null = null; ;) {
        const page: Results = await ask<Results>(RESULTS, { id, after, first: PAGE });
        const { nodes, pageInfo } = page.evaluation.results;
        results.push(...nodes);
        if (!pageInfo.hasNextPage) return results;
        after = pageInfo.endCursor;
      }
    },
    async compare(a, b) {
      const { evaluationCompare } = await ask<{ evaluationCompare: Comparison | null }>(COMPARE, { a, b });
      if (!evaluationCompare) throw new Error(`there is no evaluation ${a}`);
      return evaluationCompare;
    },
    async findOfLabel(slug, label, dataset) {
      const version = await findVersion(gateway, slug, label);
      const { evaluations } = await ask<{ evaluations: { nodes: { id: string }[] } }>(
        'query ($filter: EvaluationFilter) { evaluations(filter: $filter, first: 1) { nodes { id } } }',
        { filter: { prompt: slug, version, dataset, status: ['PASSED', 'FAILED'] } },
      );
      return evaluations.nodes[0]?.id;
    },
  };
}

interface Results {
  evaluation: { results: { nodes: Result[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } };
}

const RESULTS = `query ($id: ID!, $first: Int, $after: String) { evaluation(id: $id) {
  results(first: $first, after: $after) { pageInfo { hasNextPage endCursor }
    nodes { caseId case { name } text passed error latencyMs graded { grader score passed reason } } } } }`;

const COMPARE = `query ($a: ID!, $b: ID!) { evaluationCompare(a: $a, b: $b) { cases betterCount worseCount
  passed { a b difference ${BOUNDS} chance } graders { grader score { a b difference ${BOUNDS} } }
  better { case { name } } worse { case { name } } } }`;

async function findVersion(gateway: GatewayAddress, slug: string, label: string): Promise<number> {
  const { prompt } = await askGateway<{ prompt: { version: { number: number } | null } | null }>(
    gateway,
    'query ($slug: String!, $label: String) { prompt(slug: $slug) { version(label: $label) { number } } }',
    { slug, label },
  );
  if (prompt?.version) return prompt.version.number;
  throw new Error(`the prompt ${slug} has no label ${label} to compare with`);
}

function ensureNone(errors: readonly UserError[]): void {
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
}
