import { correct } from '../ledger/correct.ts';
import type { Correction } from '../ledger/correction.ts';
import type { LedgerEntry as EntryRow } from '../ledger/entries.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { LedgerEntry } from './ledger.ts';

const WHOSE = 'Either a completion, or a team and perhaps one of its keys.';
const REASON = 'Why, in 1 to 500 characters; it stays with the entry.';

const LedgerAdjustInput = builder.inputType('LedgerAdjustInput', {
  description: WHOSE,
  fields: (t) => ({
    completionId: t.id(),
    teamId: t.id(),
    keyId: t.id(),
    amount: t.field({
      type: 'Decimal',
      required: true,
      description: 'USD, added to what was spent: less than 0 lowers it.',
    }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const LedgerCreditInput = builder.inputType('LedgerCreditInput', {
  description: WHOSE,
  fields: (t) => ({
    completionId: t.id(),
    teamId: t.id(),
    keyId: t.id(),
    amount: t.field({
      type: 'Decimal',
      required: true,
      description: 'USD, taken off what was spent; more than 0.',
    }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const LedgerEntryPayload = builder.objectRef<Payload<{ entry: EntryRow }>>('LedgerEntryPayload').implement({
  fields: (t) => ({
    entry: t.field({ type: LedgerEntry, nullable: true, resolve: ({ entry }) => entry }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

const BOOKED_ONCE = 'The same idempotency key with the same input is booked once.';

builder.mutationFields((t) => ({
  ledgerAdjust: t.field({
    type: LedgerEntryPayload,
    description: `Corrects what was spent. Without ADMIN only upwards, and only the own team. ${BOOKED_ONCE}`,
    args: { input: t.arg({ type: LedgerAdjustInput, required: true }), idempotencyKey: t.arg.string() },
    resolve: (_root, { input, idempotencyKey }, context) =>
      book(context, 'ADJUST', withoutNull(input), idempotencyKey),
  }),
  ledgerCredit: t.field({
    type: LedgerEntryPayload,
    description: `Takes something off what was spent. Without ADMIN nobody may. ${BOOKED_ONCE}`,
    args: { input: t.arg({ type: LedgerCreditInput, required: true }), idempotencyKey: t.arg.string() },
    resolve: (_root, { input, idempotencyKey }, context) =>
      book(context, 'CREDIT', withoutNull(input), idempotencyKey),
  }),
}));

type Input = Omit<Correction, 'kind' | 'amountNanos'> & { amount: bigint };

function book(
  { gateway, who, requestId, ip }: GraphContext,
  kind: Correction['kind'],
  { amount, ...rest }: Input,
  idempotencyKey: string | null | undefined,
): Promise<Payload<{ entry: EntryRow }>> {
  const { database, announceCommit } = gateway;
  return payload(async () => ({
    entry: await correct(
      { database, onBooked: announceCommit },
      who,
      { ...rest, kind, amountNanos: amount },
      { requestId, ip, idempotencyKey: idempotencyKey ?? undefined },
    ),
  }));
}
