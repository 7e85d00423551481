import type { RootField } from './root-fields.ts';

const NO_EVALUATION = 'eval_00000000000000000000000000';
const RANGE = '{ from: "2020-01-01T00:00:00Z" }';

/** Those of datasets, graders and evaluations. */
export const EVALUATION_FIELDS: Record<string, RootField> = {
  'Query.evaluation': { query: `{ evaluation(id: "${NO_EVALUATION}") { id } }` },
  'Query.evaluationCompare': {
    query: `{ evaluationCompare(a: "${NO_EVALUATION}", b: "${NO_EVALUATION}") { cases } }`,
  },
  'Query.evaluations': { query: '{ evaluations { totalCount } }' },
  'Query.promptLabelRequirements': { query: '{ promptLabelRequirements { label } }' },
  'Query.dataset': { query: '{ dataset(name: "none") { id } }' },
  'Query.datasets': { query: '{ datasets { totalCount } }' },
  'Mutation.evaluationCancel': {
    needs: 'EVALUATIONS_WRITE',
    query: `mutation { evaluationCancel(id: "${NO_EVALUATION}") { errors { code } } }`,
  },
  'Mutation.evaluationStart': {
    needs: 'EVALUATIONS_WRITE',
    query:
      'mutation { evaluationStart(input: { prompt: "none", dataset: "none", graders: [] }) { errors { code } } }',
  },
  'Mutation.promptImprove': {
    needs: 'PROMPTS_WRITE',
    query: 'mutation { promptImprove(input: { model: "demo/echo" }) { errors { code } } }',
  },
  'Mutation.promptLabelRequire': {
    needs: 'ADMIN',
    query: 'mutation { promptLabelRequire(input: { label: "x", slug: "none" }) { errors { code } } }',
  },
  'Mutation.promptLabelUnrequire': {
    needs: 'ADMIN',
    query: 'mutation { promptLabelUnrequire(label: "none") { errors { code } } }',
  },
  'Subscription.evaluationProgress': {
    query: `subscription { evaluationProgress(id: "${NO_EVALUATION}") { status } }`,
  },
  'Mutation.datasetCasesAdd': {
    needs: 'EVALUATIONS_WRITE',
    query: 'mutation { datasetCasesAdd(input: { name: "none", cases: [] }) { errors { code } } }',
  },
  'Mutation.datasetDelete': {
    needs: 'EVALUATIONS_WRITE',
    query: 'mutation { datasetDelete(name: "none") { errors { code } } }',
  },
  'Mutation.datasetRecord': {
    needs: 'EVALUATIONS_WRITE',
    query: `mutation { datasetRecord(input: { name: "none", prompt: "none", range: ${RANGE} }) { errors { code } } }`,
  },
  'Mutation.datasetSet': {
    needs: 'EVALUATIONS_WRITE',
    query: 'mutation { datasetSet(input: { name: "", cases: [] }) { errors { code } } }',
  },
  'Mutation.gradersTry': {
    needs: 'EVALUATIONS_WRITE',
    query: 'mutation { gradersTry(input: { graders: [], answer: "" }) { errors { code } } }',
  },
};
