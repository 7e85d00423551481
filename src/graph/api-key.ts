import type { ApiKey as ApiKeyRow } from '../access/keys.ts';
import { SCOPES } from '../domain/principal.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { Tag } from './tag.ts';
import { Team } from './team.ts';

export const Scope = builder.enumType('Scope', {
  description:
    'What somebody may do. ADMIN implies the others and sees the whole organisation; OWNER implies ADMIN, and makes owners.',
  values: SCOPES,
});

export const PUBLISHABLE =
  'For a page or an app, where everybody can read it: it runs nothing but registered operations.';

export const ApiKey = builder.objectRef<ApiKeyRow>('ApiKey');
builder.node(ApiKey, {
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.key.load(id))),
  fields: (t) => ({
    name: t.exposeString('name'),
    hint: t.exposeString('hint', { description: 'First and last characters only: sk-sluice-3fK…9aQ' }),
    scopes: t.field({ type: [Scope], resolve: ({ scopes }) => scopes }),
    team: t.field({
      type: Team,
      nullable: true,
      resolve: ({ teamId }, _args, { loaders }) => loaders.team.load(teamId),
    }),
    models: t.exposeStringList('models', {
      description: 'The only models and routes it may use; empty means every one.',
    }),
    regions: t.exposeStringList('regions', {
      description:
        'The only regions its requests may go to, within those of team and organisation; empty means wherever these allow.',
    }),
    allowedIps: t.exposeStringList('allowedIps', {
      description: 'The only addresses and networks it works from; empty means everywhere.',
    }),
    tags: t.field({
      type: [Tag],
      description:
        'What all its completions carry beside their own tags, which cannot give another value for these keys.',
      resolve: ({ tags }) => tags,
    }),
    publishable: t.exposeBoolean('publishable', { description: PUBLISHABLE }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    expiresAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ expiresAt }) => expiresAt }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'To within some seconds.',
      resolve: ({ lastUsedAt }) => lastUsedAt,
    }),
    revokedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ revokedAt }) => revokedAt }),
  }),
});

builder.asEntity(ApiKey, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { loaders }) => loaders.key.load(id),
});

const ApiKeyConnection = connectionOf('ApiKey', ApiKey);

builder.objectField(Team, 'keys', (t) =>
  t.field({
    type: ApiKeyConnection,
    description: 'Newest first.',
    args: pageArgs(t.arg),
    complexity: pageComplexity,
    resolve: ({ id }, args, { loaders }) =>
      readPage(args, {
        read: (page) => loaders.keysOfTeam(page).load(id),
        cursorOf: (key) => key.id,
        isCursor: (text) => isId('key', text),
        count: () => loaders.keyCount.load(id),
      }),
  }),
);
