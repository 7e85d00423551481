import { NONE, NOT_FOUND, type Case } from './tenancy-case.ts';

/** The other organisation has an alias, and says of a model that it is deprecated. */
export function listCasesOfModels(): Record<string, Case> {
  return {
    'Query.modelAliases': {
      query: '{ modelAliases { nodes { alias } totalCount } }',
      answer: { modelAliases: NONE },
    },
    'Mutation.modelAliasDelete': {
      query: 'mutation { modelAliasDelete(alias: "demo/shared-alias") { deletedId errors { code } } }',
      answer: { modelAliasDelete: { deletedId: null, errors: NOT_FOUND } },
    },
    'Mutation.modelAliasSet': {
      query: `mutation { modelAliasSet(input: { alias: "demo/slow-alias", model: "demo/slow" }) {
        alias { model { aliases deprecated } } errors { code }
      } }`,
      answer: {
        modelAliasSet: {
          alias: { model: { aliases: ['demo/slow-alias'], deprecated: false } },
          errors: [],
        },
      },
    },
    'Mutation.modelLifecycleSet': {
      query: `mutation { modelLifecycleSet(input: { model: "demo/slow" }) {
        model { deprecated deprecatedAt } errors { code }
      } }`,
      answer: { modelLifecycleSet: { model: { deprecated: false, deprecatedAt: null }, errors: [] } },
    },
    'Mutation.modelReplace': {
      // The other organisation has an alias and callers of it; this one has the alias of the case above.
      query: `mutation { modelReplace(input: { from: "demo/slow", to: "demo/echo" }) {
        replacement { aliases routes { name } callers { requests } limits { id } operations { id } keys { id } }
        errors { code }
      } }`,
      answer: {
        modelReplace: {
          replacement: {
            aliases: ['demo/slow-alias'],
            routes: [],
            callers: [],
            limits: [],
            operations: [],
            keys: [],
          },
          errors: [],
        },
      },
    },
  };
}
