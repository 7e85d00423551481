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
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
  }),
});
