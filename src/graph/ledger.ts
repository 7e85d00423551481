import { LEDGER_KINDS } from '../db/tables/ledger.ts';
import { countEntries, listEntries, type LedgerEntry as EntryRow } from '../ledger/entries.ts';
import { ApiKey } from './api-key.ts';
import { builder } from './builder.ts';
import { Completion, CompletionOrigin } from './completion.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { DateTimeRange, withoutNull } from './inputs.ts';
import { Money, toMoney } from './money.ts';
import { Price } from './price.ts';
import { Team } from './team.ts';

const LedgerKind = builder.enumType('LedgerKind', {
  description:
    'RESERVE holds the worst case, RELEASE gives it back, SETTLE books the cost. People correct by ADJUST, which adds its amount to what was spent, and CREDIT, which takes it off.',
  values: LEDGER_KINDS,
});

export const LedgerEntry = builder.objectRef<EntryRow>('LedgerEntry');
builder.node(LedgerEntry, {
  description: 'One line of the journal. Lines are only ever added.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.entry.load(id))),
  fields: (t) => ({
    kind: t.field({ type: LedgerKind, resolve: ({ kind }) => kind }),
    amount: t.field({
      type: Money,
      nullable: true,
      description: 'Null when the model had no known price.',
      resolve: ({ amountNanos }) => toMoney(amountNanos),
    }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    origin: t.field({
      type: CompletionOrigin,
      description: 'What it was spent on. Of what no caller wanted there are only entries for admins.',
      resolve: ({ origin }) => origin,
    }),
    completion: t.field({
      type: Completion,
      nullable: true,
      resolve: ({ completionId }, _args, { loaders }) =>
        completionId ? loaders.completion.load(completionId) : null,
    }),
    attempt: t.int({
      nullable: true,
      description: '`Attempt.index` of the attempt that it is about; null for corrections.',
      resolve: ({ attempt }) => attempt,
    }),
    team: t.field({
      type: Team,
      nullable: true,
      resolve: ({ teamId }, _args, { loaders }) => loaders.team.load(teamId),
    }),
    key: t.field({
      type: ApiKey,
      nullable: true,
      resolve: ({ keyId }, _args, { loaders }) => (keyId ? loaders.key.load(keyId) : null),
    }),
    actor: t.field({
      type: ApiKey,
      nullable: true,
      description: 'Who made a correction.',
      resolve: ({ actorKeyId }, _args, { loaders }) => (actorKeyId ? loaders.key.load(actorKeyId) : null),
    }),
    price: t.field({
      type: Price,
      nullable: true,
      description: 'What the amount was worked out by.',
      resolve: ({ priceId }, _args, { loaders }) => (priceId ? loaders.price.load(priceId) : null),
    }),
    note: t.string({
      nullable: true,
      description: 'The reason of a correction.',
      resolve: ({ note }) => note,
    }),
  }),
});

const LedgerFilter = builder.inputType('LedgerFilter', {
  fields: (t) => ({
    teamId: t.id(),
    keyId: t.id(),
    completionId: t.id(),
    kind: t.field({ type: [LedgerKind] }),
    origin: t.field({ type: [CompletionOrigin], description: 'All, unless given.' }),
    range: t.field({ type: DateTimeRange }),
  }),
});

const LedgerEntryConnection = connectionOf('LedgerEntry', LedgerEntry);

builder.queryField('ledger', (t) =>
  t.field({
    type: LedgerEntryConnection,
    description: 'The journal, newest first.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: LedgerFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const { range, ...rest } = withoutNull(args.filter) ?? {};
      const filter = { ...rest, ...range };
      return readPage(args, {
        read: (page) => listEntries(db, who, filter, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => /^\d{1,18}$/.test(text),
        count: () => countEntries(db, who, filter),
      });
    },
  }),
);
