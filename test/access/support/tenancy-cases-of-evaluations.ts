import { NONE, NOT_FOUND, type Case } from './tenancy-case.ts';

/** The other organisation has one of this name, and nobody else has any. */
export const DATASET = 'other-dataset';

/** Naming the datasets of the other organisation. */
export function listCasesOfEvaluations(): Record<string, Case> {
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
  };
}
