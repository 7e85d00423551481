import { createKey, revokeKey, rotateKey, updateKey, type ShownKey } from '../access/change-keys.ts';
import type { ApiKey as ApiKeyRow } from '../access/keys.ts';
import { ensureRoleScopes } from '../access/roles.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Scope as ScopeName } from '../domain/principal.ts';
import { ApiKey, PUBLISHABLE, Scope } from './api-key.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { TagInput, withoutNull, type WithoutNull } from './inputs.ts';

const MODELS =
  'The only models it may use, as `provider/model`, and routes, by their names. Empty: every one.';
const REGIONS =
  'The only regions its requests may go to, by the names that providers have in the configuration. Empty: wherever team and organisation allow.';
const ALLOWED_IPS =
  'The only addresses and networks it works from: "192.0.2.7", "10.0.0.0/8", "2001:db8::/32".';
const TAGS =
  'Up to 10 tags that all its completions carry; a request cannot give another value for one of their keys.';

const KeyCreateInput = builder.inputType('KeyCreateInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    teamId: t.id({ description: 'The viewer’s own team unless said otherwise.' }),
    scopes: t.field({ type: [Scope], description: 'Either these or a role.' }),
    role: t.string({ description: 'The name of a role; the key gets the scopes that it has now.' }),
    models: t.stringList({ description: MODELS }),
    regions: t.stringList({ description: REGIONS }),
    allowedIps: t.stringList({ description: ALLOWED_IPS }),
    tags: t.field({ type: [TagInput], description: TAGS }),
    publishable: t.boolean({ defaultValue: false, description: PUBLISHABLE }),
    expiresAt: t.field({ type: 'DateTime' }),
  }),
});
const KeyUpdateInput = builder.inputType('KeyUpdateInput', {
  description: 'What is not given stays as it is.',
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    models: t.stringList({ description: MODELS }),
    regions: t.stringList({ description: REGIONS }),
    allowedIps: t.stringList({ description: ALLOWED_IPS }),
    tags: t.field({ type: [TagInput], description: TAGS }),
    expiresAt: t.field({ type: 'DateTime', description: 'Null takes the expiry away.' }),
  }),
});

const KeyCreatePayload = builder.objectRef<Payload<ShownKey>>('KeyCreatePayload').implement({
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
    resolve: (_root, { input }, context) => payload(() => create(context, withoutNull(input))),
  }),
  keyUpdate: t.field({
    type: KeyPayload,
    args: { input: t.arg({ type: KeyUpdateInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => {
        const changes = { ...withoutNull(input), ...(input.expiresAt === null && { expiresAt: null }) };
        return { key: await updateKey(gateway.keys, who, changes, { requestId, ip }) };
      }),
  }),
  keyRotate: t.field({
    type: KeyCreatePayload,
    description: 'A new secret for the same key. The one before works for `graceSeconds` more.',
    args: { id: t.arg.id({ required: true }), graceSeconds: t.arg.int({ defaultValue: 3600 }) },
    resolve: (_root, { id, graceSeconds }, { gateway, who, requestId, ip }) =>
      payload(() =>
        rotateKey(gateway.keys, who, { id, graceSeconds: graceSeconds ?? 3600 }, { requestId, ip }),
      ),
  }),
  keyRevoke: t.field({
    type: KeyPayload,
    description:
      'From now on nothing can be done with the key; its running subscriptions end with their next event. Refused for the last owner of the organisation.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ key: await revokeKey(gateway.keys, who, id, { requestId, ip }) })),
  }),
}));

async function create(
  context: GraphContext,
  {
    name,
    teamId,
    models,
    regions,
    allowedIps,
    tags,
    publishable = false,
    expiresAt,
    ...rights
  }: WithoutNull<typeof KeyCreateInput.$inferInput>,
): Promise<ShownKey> {
  const { gateway, who, requestId, ip } = context;
  const settings = {
    name,
    teamId: teamId ?? who.teamId,
    scopes: await toScopes(context, rights),
    models: models ?? [],
    regions: regions ?? [],
    allowedIps: allowedIps ?? [],
    tags: tags ?? [],
    publishable,
    expiresAt,
  };
  return createKey(gateway.keys, who, settings, { requestId, ip });
}

async function toScopes(
  { gateway, who }: GraphContext,
  { scopes, role }: { scopes?: ScopeName[]; role?: string },
): Promise<ScopeName[]> {
  if (scopes && role === undefined) return [...new Set(scopes)];
  if (!scopes && role !== undefined) return [...(await ensureRoleScopes(gateway.database.db, who, role))];
  const message = `input.scopes ${scopes ? 'and input.role are both given' : 'is missing, and so is input.role'}; give one of them`;
  throw new InvalidInput([{ path: ['input', 'scopes'], message }]);
}
