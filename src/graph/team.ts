import type { Team as TeamRow } from '../access/teams.ts';
import { builder } from './builder.ts';

export const Team = builder.objectRef<TeamRow>('Team');
builder.node(Team, {
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { loaders }) => ids.map((id) => loaders.team.load(id)),
  fields: (t) => ({ name: t.exposeString('name') }),
});

builder.asEntity(Team, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { loaders }) => loaders.team.load(id),
});
