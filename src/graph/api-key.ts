import { createKey, revokeKey, rotateKey } from '../access/change-keys.ts';
import type { ApiKey as ApiKeyRow } from '../access/keys.ts';
import { SCOPES } from '../domain/principal.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { Team } from './team.ts';

export const Scope = builder.enumType('Scope', {
  description:
    'What a key may do. ADMIN implies the others and sees the whole organisation; OWNER implies ADMIN.',
  values: SCOPES,
});

const PUBLISHABLE =
  'For a page or an app, where everybody can read it: it runs nothing but registered operations.';

export const ApiKey = builder.objectRef<ApiKeyRow>('ApiKey');
builder.node(ApiKey, {
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { loaders }) => ids.map((id) => loaders.key.load(id)),
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
      description: 'The only models it may use; empty means every model.',
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

const KeyCreateInput = builder.inputType('KeyCreateInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    teamId: t.id({ description: 'The viewer’s own team unless said otherwise.' }),
    scopes: t.field({ type: [Scope], required: true }),
    models: t.stringList({ description: 'The only models it may use, as `provider/model`.' }),
    publishable: t.boolean({ description: PUBLISHABLE }),
    expiresAt: t.field({ type: 'DateTime' }),
  }),
});

const KeyCreatePayload = builder
  .objectRef<Payload<{ key: ApiKeyRow; secret: string }>>('KeyCreatePayload')
  .implement({
    fields: (t) => ({
      key: t.field({ type: ApiKey, nullable: true, resolve: ({ key }) => key }),
      secret: t.string({
        nullable: true,
        description: 'Shown exactly once.',
        resolve: ({ secret }) => secret,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });
const KeyPayload = builder.objectRef<Payload<{ key: ApiKeyRow }>>('KeyPayload').implement({
  fields: (t) => ({
    key: t.field({ type: ApiKey, nullable: true, resolve: ({ key }) => key }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationFields((t) => ({
  keyCreate: t.field({
    type: KeyCreatePayload,
    args: { input: t.arg({ type: KeyCreateInput, required: true }) },
    resolve: (_root, { input }, { gateway, who }) =>
      payload(() => {
        const { name, teamId, scopes, models, publishable = false, expiresAt } = withoutNull(input);
        return createKey(gateway.keys, who, {
          name,
          teamId: teamId ?? who.teamId,
          scopes,
          models: models ?? [],
          publishable,
          expiresAt,
        });
      }),
  }),
  keyRotate: t.field({
    type: KeyCreatePayload,
    description: 'A new secret for the same key. The one before works for `graceSeconds` more.',
    args: { id: t.arg.id({ required: true }), graceSeconds: t.arg.int({ defaultValue: 3600 }) },
    resolve: (_root, { id, graceSeconds }, { gateway, who }) =>
      payload(() => rotateKey(gateway.keys, who, id, graceSeconds ?? 3600)),
  }),
  keyRevoke: t.field({
    type: KeyPayload,
    description:
      'From now on nothing can be done with the key; its running subscriptions end with their next event.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who }) =>
      payload(async () => ({ key: await revokeKey(gateway.keys, who, id) })),
  }),
}));
