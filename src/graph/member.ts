import { removeMember, setMember } from '../access/change-members.ts';
import {
  countMembers,
  isMemberCursor,
  listMembers,
  memberCursor,
  type Member as MemberRow,
  type MemberOwner,
} from '../access/members.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { Role } from './role.ts';
import { Team } from './team.ts';
import { User } from './user.ts';

const Member = builder.objectRef<MemberRow>('Member').implement({
  description: 'That a user is in a team, and as what.',
  fields: (t) => ({
    user: t.field({
      type: User,
      nullable: true,
      resolve: ({ userId }, _args, { loaders }) => loaders.user.load(userId),
    }),
    team: t.field({
      type: Team,
      nullable: true,
      resolve: ({ teamId }, _args, { loaders }) => loaders.team.load(teamId),
    }),
    role: t.field({
      type: Role,
      nullable: true,
      description: 'Null for a role that is not there any more, which allows nothing.',
      resolve: ({ role }, _args, { loaders }) => loaders.role.load(role),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
  }),
});

const MemberConnection = connectionOf('Member', Member);

const MemberFilter = builder.inputType('MemberFilter', {
  fields: (t) => ({
    teamId: t.id(),
    userId: t.id(),
    role: t.string({ description: 'The name of a role.' }),
  }),
});

type PageArgs = { first?: number | null | undefined; after?: string | null | undefined };

function readMembersOf(owner: MemberOwner, id: string, args: PageArgs, { loaders }: GraphContext) {
  return readPage(args, {
    read: (page) => loaders.membersOf(owner, page).load(id),
    cursorOf: memberCursor,
    isCursor: isMemberCursor,
    count: () => loaders.memberCount[owner].load(id),
  });
}

builder.queryField('members', (t) =>
  t.field({
    type: MemberConnection,
    description:
      'By team: an admin’s are those of the organisation; who reads the usage or manages the keys of a team sees its members, others themselves.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: MemberFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const filter = withoutNull(args.filter) ?? {};
      return readPage(args, {
        read: (page) => listMembers(db, who, filter, page),
        cursorOf: memberCursor,
        isCursor: isMemberCursor,
        count: () => countMembers(db, who, filter),
      });
    },
  }),
);
builder.objectField(Team, 'members', (t) =>
  t.field({
    type: MemberConnection,
    description: 'Those that the viewer may see, newest users first.',
    args: pageArgs(t.arg),
    complexity: pageComplexity,
    resolve: ({ id }, args, context) => readMembersOf('teamId', id, args, context),
  }),
);
builder.objectField(User, 'memberships', (t) =>
  t.field({
    type: MemberConnection,
    description: 'In which teams the user is, and as what; newest teams first.',
    args: pageArgs(t.arg),
    complexity: pageComplexity,
    resolve: ({ id }, args, context) => readMembersOf('userId', id, args, context),
  }),
);

const MemberSetInput = builder.inputType('MemberSetInput', {
  fields: (t) => ({
    userId: t.id({ required: true }),
    teamId: t.id({ required: true }),
    role: t.string({ required: true, description: 'The name of one of `roles`.' }),
  }),
});
const MemberRemoveInput = builder.inputType('MemberRemoveInput', {
  fields: (t) => ({ userId: t.id({ required: true }), teamId: t.id({ required: true }) }),
});

const MemberPayload = builder.objectRef<Payload<{ member: MemberRow }>>('MemberPayload').implement({
  fields: (t) => ({
    member: t.field({ type: Member, nullable: true, resolve: ({ member }) => member }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationFields((t) => ({
  memberSet: t.field({
    type: MemberPayload,
    description: 'Puts a user into a team, or gives another role to one who is in it.',
    args: { input: t.arg({ type: MemberSetInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ member: await setMember(gateway.tenants, who, input, { requestId, ip }) })),
  }),
  memberRemove: t.field({
    type: MemberPayload,
    description: 'Takes a user out of a team; answers the member as it was.',
    args: { input: t.arg({ type: MemberRemoveInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ member: await removeMember(gateway.tenants, who, input, { requestId, ip }) })),
  }),
}));
