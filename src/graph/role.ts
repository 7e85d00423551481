import { deleteRole, listRoles, setRole, type Role as RoleRow } from '../access/roles.ts';
import { Scope } from './api-key.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';

export const Role = builder.objectRef<RoleRow>('Role');
builder.node(Role, {
  description: 'A name for scopes that go together, which members of a team have.',
  id: { resolve: ({ name }) => name },
  loadManyWithoutCache: (names, { loaders }) => Promise.all(names.map((name) => loaders.role.load(name))),
  fields: (t) => ({
    name: t.exposeString('name'),
    scopes: t.field({ type: [Scope], resolve: ({ scopes }) => [...scopes] }),
    builtIn: t.exposeBoolean('builtIn', {
      description: 'Whether every organisation has it; such a role never changes.',
    }),
  }),
});

const RoleSetInput = builder.inputType('RoleSetInput', {
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Up to 64 letters, digits, hyphens and underscores; not the name of a built-in role.',
    }),
    scopes: t.field({
      type: [Scope],
      required: true,
      description: 'None that the viewer does not have, and not OWNER.',
    }),
  }),
});

const RolePayload = builder.objectRef<Payload<{ role: RoleRow }>>('RolePayload').implement({
  fields: (t) => ({
    role: t.field({ type: Role, nullable: true, resolve: ({ role }) => role }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});
const RoleDeletePayload = builder.objectRef<Payload<{ deletedName: string }>>('RoleDeletePayload').implement({
  fields: (t) => ({
    deletedName: t.string({ nullable: true, resolve: ({ deletedName }) => deletedName }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.queryField('roles', (t) =>
  t.field({
    type: [Role],
    description: 'Those that every organisation has, then its own by name.',
    resolve: (_root, _args, { gateway, who }) => listRoles(gateway.database.db, who),
  }),
);

builder.mutationFields((t) => ({
  roleSet: t.field({
    type: RolePayload,
    description: 'Makes a role of the organisation, or changes what it allows: at once, for all who have it.',
    args: { input: t.arg({ type: RoleSetInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ role: await setRole(gateway.tenants, who, input, { requestId, ip }) })),
  }),
  roleDelete: t.field({
    type: RoleDeletePayload,
    description: 'Refused while a member has it.',
    args: { name: t.arg.string({ required: true }) },
    resolve: (_root, { name }, { gateway, who, requestId, ip }) =>
      payload(async () => {
        await deleteRole(gateway.tenants, who, name, { requestId, ip });
        return { deletedName: name };
      }),
  }),
}));
