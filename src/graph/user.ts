import { setUserDisabled } from '../access/change-members.ts';
import { countUsers, listUsers, type User as UserRow } from '../access/users.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { StringFilter, withoutNull } from './inputs.ts';

export const User = builder.objectRef<UserRow>('User');
builder.node(User, {
  description:
    'A person, or whatever else proves who it is by something other than an API key. Users come into being when they sign in.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.user.load(id))),
  fields: (t) => ({
    name: t.string({ nullable: true, resolve: ({ name }) => name }),
    email: t.string({ nullable: true, resolve: ({ email }) => email }),
    issuer: t.exposeString('issuer', { description: 'Who vouches for it.' }),
    subject: t.exposeString('subject', { description: 'What its issuer names it by.' }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    lastSeenAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ lastSeenAt }) => lastSeenAt }),
    disabledAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Since when it can do nothing.',
      resolve: ({ disabledAt }) => disabledAt,
    }),
  }),
});

const UserConnection = connectionOf('User', User);

const UserFilter = builder.inputType('UserFilter', {
  fields: (t) => ({ email: t.field({ type: StringFilter }), name: t.field({ type: StringFilter }) }),
});

builder.queryField('users', (t) =>
  t.field({
    type: UserConnection,
    description:
      'Newest first: an admin’s are those of the organisation; who reads the usage or manages the keys of a team sees its members, others themselves.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: UserFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const filter = withoutNull(args.filter) ?? {};
      return readPage(args, {
        read: (page) => listUsers(db, who, filter, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('user', text),
        count: () => countUsers(db, who, filter),
      });
    },
  }),
);

const UserPayload = builder.objectRef<Payload<{ user: UserRow }>>('UserPayload').implement({
  fields: (t) => ({
    user: t.field({ type: User, nullable: true, resolve: ({ user }) => user }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationFields((t) => ({
  userDisable: t.field({
    type: UserPayload,
    description: 'From now on the user can do nothing, in no team.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, requestId, ip }) =>
      payload(async () => ({
        user: await setUserDisabled(gateway.tenants, who, { id, disabled: true }, { requestId, ip }),
      })),
  }),
  userEnable: t.field({
    type: UserPayload,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, requestId, ip }) =>
      payload(async () => ({
        user: await setUserDisabled(gateway.tenants, who, { id, disabled: false }, { requestId, ip }),
      })),
  }),
}));
