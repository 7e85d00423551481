import type { TestGateway } from '../support/gateway.ts';

type Variables = Record<string, unknown>;

const DATASET = `dataset { id name description version caseCount
  cases { totalCount nodes { id name variables expected source missing completion { id } } } }
  errors { code message path }`;

const SET = `mutation ($input: DatasetSetInput!) { datasetSet(input: $input) { ${DATASET} } }`;
const ADD = `mutation ($input: DatasetCasesAddInput!) { datasetCasesAdd(input: $input) { ${DATASET} } }`;
const RECORD = `mutation ($input: DatasetRecordInput!) { datasetRecord(input: $input) { added ${DATASET} } }`;

export async function setDataset(gateway: TestGateway, input: Variables, key?: string) {
  return (await gateway.ask(SET, { input }, { ...(key && { key }) })).data.datasetSet;
}

export async function addCases(gateway: TestGateway, input: Variables) {
  return (await gateway.ask(ADD, { input })).data.datasetCasesAdd;
}

export async function recordDataset(gateway: TestGateway, input: Variables, key?: string) {
  const wanted = { range: { from: '2020-01-01T00:00:00Z' }, ...input };
  return (await gateway.ask(RECORD, { input: wanted }, { ...(key && { key }) })).data.datasetRecord;
}

/** Says for how many days is kept what prompts are given. */
export async function keepPrompts(gateway: TestGateway, days: number) {
  const { data } = await gateway.ask(
    `mutation ($days: Int) { organisationUpdate(input: { recordPromptsDays: $days }) {
      organisation { recordPromptsDays regions } errors { code message path } } }`,
    { days },
  );
  return data.organisationUpdate;
}

/** An answer, and who is to grade it. */
export interface Tried {
  graders: object[];
  answer: string;
  expected?: unknown;
  variables?: object;
}

const TRY = `mutation ($input: GradersTryInput!) { gradersTry(input: $input) {
  graded { grader score passed reason completion { id cost { amount } tags { key } usage { input output source } status } }
  errors { code message path } } }`;

export async function tryGraders(gateway: TestGateway, input: Tried) {
  const { data, errors } = await gateway.ask(TRY, { input });
  if (!data) throw new Error(JSON.stringify(errors));
  return data.gradersTry;
}
