import type { Organisation as OrganisationRow } from '../access/organisations.ts';
import { builder } from './builder.ts';

export const Organisation = builder.objectRef<OrganisationRow>('Organisation');
builder.node(Organisation, {
  description: 'The tenant: nobody sees anything of another one.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.organisation.load(id))),
  fields: (t) => ({
    name: t.exposeString('name'),
    regions: t.exposeStringList('regions', {
      description: 'The only regions that its requests may go to; empty means anywhere.',
    }),
    recordPromptsDays: t.int({
      nullable: true,
      description: `For how many days is kept what prompts are given, redacted, for datasets of it; null: nothing of it is. What stands in a
variable that is never logged is kept in no case.`,
      resolve: ({ recordPromptsDays }) => recordPromptsDays,
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
  }),
});
