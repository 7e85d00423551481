import { builder } from './builder.ts';

export const Money = builder.objectRef<{ nanos: bigint }>('Money').implement({
  description: 'An exact amount of money.',
  fields: (t) => ({
    amount: t.field({ type: 'Decimal', resolve: ({ nanos }) => nanos }),
    currency: t.string({ description: 'ISO 4217.', resolve: () => 'USD' }),
  }),
});

/** @returns null for an amount that is not known, which is not zero. */
export function toMoney(nanos: bigint | undefined): { nanos: bigint } | null {
  return nanos === undefined ? null : { nanos };
}
