import { NONE, NOT_FOUND, type Case, type Foreign } from './tenancy-case.ts';

/** Both organisations have a prompt and a partial of this name, each its own. */
export const PROMPT = 'shared-prompt';
/** The other organisation has two versions of one by this name, and nobody else has any. */
export const OTHER_PROMPT = 'other-prompt';
/** Another of these. */
export const OTHER_PARTIAL = 'other-partial';
/** A label that only the other organisation has protected. */
export const OTHER_LABEL = 'other-label';

const VERSION = 'version: { messages: [{ role: USER, template: "mine" }], model: "demo/echo" }';

/** Naming the prompts of the other organisation. */
export function listCasesOfPrompts({ labelRequestId }: Foreign): Record<string, Case> {
  const refused = { prompt: null, errors: NOT_FOUND };
  const undecided = { labelRequest: null, errors: NOT_FOUND };
  return {
    'Query.prompt': {
      query: `{ prompt(slug: "${OTHER_PROMPT}") { id versions { nodes { number } totalCount } } }`,
      answer: { prompt: null },
    },
    'Query.promptCheck': {
      query: `{ promptCheck(slug: "${OTHER_PROMPT}", version: 1) { changes { path } errors { code } } }`,
      answer: { promptCheck: null },
    },
    'Query.promptDiff': {
      query: `{ promptDiff(slug: "${OTHER_PROMPT}", from: 1, to: 2) { path before after } }`,
      answer: { promptDiff: null },
    },
    'Query.promptFolders': { query: '{ promptFolders { path prompts } }', answer: { promptFolders: [] } },
    'Query.promptLabelRequests': {
      query: '{ promptLabelRequests { nodes { id note } totalCount } }',
      answer: { promptLabelRequests: NONE },
    },
    'Query.promptPartials': {
      query:
        '{ promptPartials { nodes { name versions { nodes { template } totalCount } usedBy { partialVersion } } totalCount } }',
      answer: { promptPartials: NONE },
    },
    'Query.promptProtectedLabels': {
      query: '{ promptProtectedLabels }',
      answer: { promptProtectedLabels: [] },
    },
    'Query.promptRender': {
      query: `{ promptRender(slug: "${OTHER_PROMPT}", label: "latest") {
        promptVersion { id } messages { role } estimate { refusals { code } }
      } }`,
      answer: { promptRender: { promptVersion: null, messages: null, estimate: { refusals: NOT_FOUND } } },
    },
    'Query.prompts': {
      query: `{
        all: prompts { nodes { id } totalCount }
        some: prompts(filter: {
          slug: { contains: "prompt" }, folder: "theirs", label: "production", text: "theirs", archived: false
        }) { nodes { id } totalCount }
      }`,
      answer: { all: NONE, some: NONE },
    },
    'Mutation.promptArchive': {
      query: `mutation { promptArchive(slug: "${OTHER_PROMPT}") { prompt { id } errors { code } } }`,
      answer: { promptArchive: refused },
    },
    'Mutation.promptCreate': {
      // The other organisation has one of this slug already.
      query: `mutation { promptCreate(input: { slug: "${PROMPT}", ${VERSION} }) {
        prompt { versions { nodes { number } totalCount } } errors { code }
      } }`,
      answer: {
        promptCreate: { prompt: { versions: { nodes: [{ number: 1 }], totalCount: 1 } }, errors: [] },
      },
    },
    'Mutation.promptExperimentSet': {
      query: `mutation { promptExperimentSet(input: { slug: "${OTHER_PROMPT}", name: "ours", arms: [
        { name: "a", version: 1 }, { name: "b", version: 2 }
      ] }) { prompt { id } errors { code } } }`,
      answer: { promptExperimentSet: refused },
    },
    'Mutation.promptExperimentStop': {
      query: `mutation { promptExperimentStop(slug: "${OTHER_PROMPT}") { prompt { id } errors { code } } }`,
      answer: { promptExperimentStop: refused },
    },
    'Mutation.promptLabelDecide': {
      query: `mutation ($id: ID!) { promptLabelDecide(input: { id: $id, approve: true }) {
        labelRequest { id } errors { code }
      } }`,
      variables: { id: labelRequestId },
      answer: { promptLabelDecide: undecided },
    },
    'Mutation.promptLabelDelete': {
      query: `mutation { promptLabelDelete(input: { slug: "${OTHER_PROMPT}", label: "production" }) {
        prompt { id } errors { code }
      } }`,
      answer: { promptLabelDelete: refused },
    },
    'Mutation.promptLabelProtect': {
      query: `mutation { promptLabelProtect(label: "${OTHER_LABEL}", protected: false) { labels errors { code } } }`,
      answer: { promptLabelProtect: { labels: [], errors: [] } },
    },
    'Mutation.promptLabelRequestCancel': {
      query: `mutation ($id: ID!) { promptLabelRequestCancel(id: $id) { labelRequest { id } errors { code } } }`,
      variables: { id: labelRequestId },
      answer: { promptLabelRequestCancel: undecided },
    },
    'Mutation.promptLabelSet': {
      query: `mutation { promptLabelSet(input: { slug: "${OTHER_PROMPT}", label: "production", version: 1 }) {
        prompt { id } errors { code }
      } }`,
      answer: { promptLabelSet: refused },
    },
    'Mutation.promptPartialSet': {
      // The other organisation has one of this name already, and the one that this one uses.
      query: `mutation {
        own: promptPartialSet(input: { name: "${PROMPT}", template: "mine" }) { partial { version } errors { code } }
        theirs: promptPartialSet(input: { name: "mine", template: "{% render '${OTHER_PARTIAL}' %}" }) {
          partial { version } errors { code path }
        }
      }`,
      answer: {
        own: { partial: { version: 1 }, errors: [] },
        theirs: { partial: null, errors: [{ code: 'INVALID_INPUT', path: ['input', 'template'] }] },
      },
    },
    'Mutation.promptRestore': {
      query: `mutation { promptRestore(slug: "${OTHER_PROMPT}") { prompt { id } errors { code } } }`,
      answer: { promptRestore: refused },
    },
    'Mutation.promptUpdate': {
      query: `mutation { promptUpdate(input: { slug: "${OTHER_PROMPT}", folder: "ours" }) { prompt { id } errors { code } } }`,
      answer: { promptUpdate: refused },
    },
    'Mutation.promptVersionCreate': {
      query: `mutation { promptVersionCreate(input: { slug: "${OTHER_PROMPT}", ${VERSION} }) {
        promptVersion { id } errors { code }
      } }`,
      answer: { promptVersionCreate: { promptVersion: null, errors: NOT_FOUND } },
    },
    'Mutation.promptsApply': {
      // The other organisation has prompts and a partial of these names already.
      query: `mutation {
        own: promptsApply(input: {
          prompts: [{ slug: "${PROMPT}", ${VERSION} }, { slug: "${OTHER_PROMPT}", ${VERSION} }]
          partials: [{ name: "${OTHER_PARTIAL}", template: "mine" }], dryRun: true
        }) { edits { slug partial action version } errors { code } }
        theirs: promptsApply(input: { prompts: [], archive: ["${OTHER_PROMPT}"] }) { edits { slug } errors { code } }
      }`,
      answer: {
        own: {
          edits: [
            { slug: null, partial: OTHER_PARTIAL, action: 'CREATED', version: 0 },
            // It was made above.
            { slug: PROMPT, partial: null, action: 'UNCHANGED', version: 1 },
            { slug: OTHER_PROMPT, partial: null, action: 'CREATED', version: 0 },
          ],
          errors: [],
        },
        theirs: { edits: null, errors: NOT_FOUND },
      },
    },
  };
}
