import { countTeams, listTeams, type Team as TeamRow } from '../access/teams.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';

export const Team = builder.objectRef<TeamRow>('Team');
builder.node(Team, {
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.team.load(id))),
  fields: (t) => ({
    name: t.exposeString('name'),
    regions: t.exposeStringList('regions', {
      description:
        'The only regions its requests may go to, within those of the organisation; empty means wherever that allows.',
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
  }),
});

builder.asEntity(Team, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { loaders }) => loaders.team.load(id),
});

const TeamConnection = connectionOf('Team', Team);

builder.queryFields((t) => ({
  team: t.field({
    type: Team,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { loaders }) => loaders.team.load(id),
  }),
  teams: t.field({
    type: TeamConnection,
    description: 'An admin’s are those of the organisation, others’ their own.',
    args: pageArgs(t.arg),
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      return readPage(args, {
        read: (page) => listTeams(db, who, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('team', text) || text === 'team_default',
        count: () => countTeams(db, who),
      });
    },
  }),
}));
