import type { RootField } from './root-fields.ts';

/** Has the form of an id; nothing has it. */
const NO_LABEL_REQUEST = 'plr_00000000000000000000000000';

/** Those of `ROOT_FIELDS` that are about prompts. */
export const PROMPT_FIELDS: Record<string, RootField> = {
  'Query.prompt': { query: '{ prompt(slug: "none") { id } }' },
  'Query.promptCheck': {
    needs: 'PROMPTS_WRITE',
    query: '{ promptCheck(slug: "none", version: 1) { changes { path } } }',
  },
  'Query.promptDiff': { query: '{ promptDiff(slug: "none", from: 1, to: 2) { path } }' },
  'Query.promptFolders': { query: '{ promptFolders { path } }' },
  'Query.promptLabelRequests': { query: '{ promptLabelRequests { totalCount } }' },
  'Query.promptPartials': { query: '{ promptPartials { totalCount } }' },
  'Query.promptProtectedLabels': { query: '{ promptProtectedLabels }' },
  'Query.promptRender': { query: '{ promptRender(slug: "none") { estimate { allowed } } }' },
  'Query.prompts': { query: '{ prompts { totalCount } }' },
  'Mutation.promptArchive': {
    needs: 'PROMPTS_PUBLISH',
    query: 'mutation { promptArchive(slug: "none") { errors { code } } }',
  },
  'Mutation.promptCreate': {
    needs: 'PROMPTS_WRITE',
    query: 'mutation { promptCreate(input: { slug: "", version: { messages: [] } }) { errors { code } } }',
  },
  'Mutation.promptExperimentSet': {
    needs: 'PROMPTS_PUBLISH',
    query:
      'mutation { promptExperimentSet(input: { slug: "none", name: "", arms: [] }) { errors { code } } }',
  },
  'Mutation.promptExperimentStop': {
    needs: 'PROMPTS_PUBLISH',
    query: 'mutation { promptExperimentStop(slug: "none") { errors { code } } }',
  },
  'Mutation.promptLabelDecide': {
    needs: 'PROMPTS_PUBLISH',
    query: `mutation { promptLabelDecide(input: { id: "${NO_LABEL_REQUEST}", approve: true }) { errors { code } } }`,
  },
  'Mutation.promptLabelDelete': {
    needs: 'PROMPTS_PUBLISH',
    query: 'mutation { promptLabelDelete(input: { slug: "none", label: "staging" }) { errors { code } } }',
  },
  'Mutation.promptLabelProtect': {
    needs: 'ADMIN',
    query: 'mutation { promptLabelProtect(label: "", protected: true) { errors { code } } }',
  },
  'Mutation.promptLabelRequestCancel': {
    query: `mutation { promptLabelRequestCancel(id: "${NO_LABEL_REQUEST}") { errors { code } } }`,
  },
  'Mutation.promptLabelSet': {
    needs: 'PROMPTS_PUBLISH',
    query:
      'mutation { promptLabelSet(input: { slug: "none", label: "staging", version: 1 }) { errors { code } } }',
  },
  'Mutation.promptPartialSet': {
    needs: 'PROMPTS_WRITE',
    query: 'mutation { promptPartialSet(input: { name: "", template: "" }) { errors { code } } }',
  },
  'Mutation.promptRestore': {
    needs: 'PROMPTS_PUBLISH',
    query: 'mutation { promptRestore(slug: "none") { errors { code } } }',
  },
  'Mutation.promptUpdate': {
    needs: 'PROMPTS_WRITE',
    query: 'mutation { promptUpdate(input: { slug: "none" }) { errors { code } } }',
  },
  'Mutation.promptVersionCreate': {
    needs: 'PROMPTS_WRITE',
    query:
      'mutation { promptVersionCreate(input: { slug: "none", version: { messages: [] } }) { errors { code } } }',
  },
  'Mutation.promptsApply': {
    needs: 'PROMPTS_WRITE',
    query: 'mutation { promptsApply(input: { prompts: [], archive: ["none"] }) { errors { code } } }',
  },
};
