import { NONE, NOT_FOUND, type Case, type Foreign } from './tenancy-case.ts';
import { OTHER_PROMPT } from './tenancy-cases-of-prompts.ts';

/** The other organisation has one of this name, and nobody else has any. */
export const DATASET = 'other-dataset';
/** Another one, that an evaluation is of. */
export const EVALUATED = 'other-evaluated';

/** Naming the datasets and evaluations of the other organisation. */
export function listCasesOfEvaluations({ evaluationId }: Foreign): Record<string, Case> {
  const refused = { dataset: null, errors: NOT_FOUND };
  return {
    'Query.dataset': {
      query: `{ dataset(name: "${DATASET}") { id cases { nodes { id variables } totalCount } } }`,
      answer: { dataset: null },
    },
    'Query.datasets': {
      query: '{ datasets { nodes { id } totalCount } }',
      answer: { datasets: NONE },
    },
    'Mutation.datasetCasesAdd': {
      query: `mutation { datasetCasesAdd(input: { name: "${DATASET}", cases: [] }) { dataset { id } errors { code } } }`,
      answer: { datasetCasesAdd: refused },
    },
    'Mutation.datasetDelete': {
      query: `mutation { datasetDelete(name: "${DATASET}") { deletedId errors { code } } }`,
      answer: { datasetDelete: { deletedId: null, errors: NOT_FOUND } },
    },
    'Mutation.datasetRecord': {
      // It has agreed to it, and nobody else has.
      query: `mutation { datasetRecord(input: {
        name: "${DATASET}", prompt: "none", range: { from: "2020-01-01T00:00:00Z" }
      }) { dataset { id } errors { code } } }`,
      answer: { datasetRecord: { dataset: null, errors: [{ code: 'CONFLICT' }] } },
    },
    'Mutation.datasetSet': {
      // Of the same name, and another one.
      query: `mutation { datasetSet(input: { name: "${DATASET}", cases: [] }) {
        dataset { description version caseCount cases { nodes { id } totalCount } } errors { code }
      } }`,
      answer: {
        datasetSet: {
          dataset: { description: null, version: 1, caseCount: 0, cases: NONE },
          errors: [],
        },
      },
    },
    'Mutation.gradersTry': {
      query: `mutation { gradersTry(input: { graders: [{ exact: {} }], answer: "mine", expected: "mine" }) {
        graded { score completion { id } }
      } }`,
      answer: { gradersTry: { graded: [{ score: 1, completion: null }] } },
    },
    'Query.evaluation': {
      query: `query ($id: ID!) { evaluation(id: $id) { id results { nodes { text } totalCount } } }`,
      variables: { id: evaluationId },
      answer: { evaluation: null },
    },
    'Query.evaluationCompare': {
      query: 'query ($id: ID!) { evaluationCompare(a: $id, b: $id) { cases } }',
      variables: { id: evaluationId },
      answer: { evaluationCompare: null },
    },
    'Query.evaluations': {
      query: `{
        all: evaluations { nodes { id } totalCount }
        some: evaluations(filter: { prompt: "${OTHER_PROMPT}", version: 2, dataset: "${EVALUATED}", status: [FAILED] }) {
          nodes { id } totalCount
        }
      }`,
      answer: { all: NONE, some: NONE },
    },
    'Query.promptLabelRequirements': {
      query: '{ promptLabelRequirements { label } }',
      answer: { promptLabelRequirements: [] },
    },
    'Mutation.evaluationCancel': {
      query: 'mutation ($id: ID!) { evaluationCancel(id: $id) { evaluation { id } errors { code } } }',
      variables: { id: evaluationId },
      answer: { evaluationCancel: { evaluation: null, errors: NOT_FOUND } },
    },
    'Mutation.evaluationStart': {
      query: `mutation {
        evaluationStart(input: { prompt: "${OTHER_PROMPT}", dataset: "${EVALUATED}", graders: [{ exact: {} }] }) {
          evaluation { id } errors { code }
        }
      }`,
      answer: { evaluationStart: { evaluation: null, errors: NOT_FOUND } },
    },
    'Mutation.promptImprove': {
      query: `mutation {
        evaluation: promptImprove(input: { evaluation: "${evaluationId}", model: "demo/echo" }) { completion { id } errors { code } }
        prompt: promptImprove(input: { prompt: "${OTHER_PROMPT}", instructions: "x", model: "demo/echo" }) {
          completion { id } errors { code }
        }
      }`,
      answer: {
        evaluation: { completion: null, errors: NOT_FOUND },
        prompt: { completion: null, errors: NOT_FOUND },
      },
    },
    'Mutation.promptLabelRequire': {
      query: `mutation {
        prompt: promptLabelRequire(input: { label: "required", slug: "${OTHER_PROMPT}" }) { requirement { label } errors { code } }
        dataset: promptLabelRequire(input: { label: "required", dataset: "${EVALUATED}" }) { requirement { label } errors { code } }
      }`,
      answer: {
        prompt: { requirement: null, errors: NOT_FOUND },
        dataset: { requirement: null, errors: NOT_FOUND },
      },
    },
    'Mutation.promptLabelUnrequire': {
      query: `mutation { promptLabelUnrequire(label: "required", slug: "${OTHER_PROMPT}") { errors { code } } }`,
      answer: { promptLabelUnrequire: { errors: NOT_FOUND } },
    },
    'Subscription.evaluationProgress': {
      query: 'subscription ($id: ID!) { evaluationProgress(id: $id) { status } }',
      variables: { id: evaluationId },
      answer: { evaluationProgress: null },
    },
  };
}
