import { setPrice } from '../catalog/set-price.ts';
import { PRICE_UNITS, type Price as PriceRow, type Rate } from '../domain/model.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { Money } from './money.ts';

export const PriceUnit = builder.enumType('PriceUnit', {
  description:
    'MTOK: a million tokens. MCHAR: a million characters. Tokens without a rate of their own are billed like those they are part of.',
  values: PRICE_UNITS,
});

export const PriceRate = builder.objectRef<{ rate: Rate; price: PriceRow }>('PriceRate').implement({
  description: 'One rate of a price.',
  fields: (t) => ({
    unit: t.field({ type: PriceUnit, resolve: ({ rate }) => rate.unit }),
    amount: t.field({ type: Money, resolve: ({ rate }) => ({ nanos: rate.nanos }) }),
    fromTokens: t.field({
      type: 'SafeInt',
      description: 'The rate holds from this many input tokens on.',
      resolve: ({ rate }) => rate.fromTokens,
    }),
    effectiveFrom: t.field({ type: 'DateTime', nullable: true, resolve: ({ price }) => price.effectiveFrom }),
    source: t.string({ resolve: ({ price }) => price.source }),
  }),
});

export function toRateRows(price: PriceRow) {
  return price.rates.map((rate) => ({ rate, price }));
}

export const Price = builder.objectRef<PriceRow>('Price');
builder.node(Price, {
  description: 'What a model costs. A price never changes: another one follows it.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.price.load(id))),
  fields: (t) => ({
    modelName: t.string({ description: '`provider/model`.', resolve: ({ model }) => model }),
    rates: t.field({
      type: [PriceRate],
      description: 'Empty for a price that gives way: from then on holds what holds for everybody.',
      resolve: toRateRows,
    }),
    source: t.exposeString('source', {
      description: '`organisation`, `config`, `demo`, or the name and version of a price list.',
    }),
    effectiveFrom: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Null where nobody has said since when.',
      resolve: ({ effectiveFrom }) => effectiveFrom,
    }),
  }),
});

const PriceRateInput = builder.inputType('PriceRateInput', {
  fields: (t) => ({
    unit: t.field({ type: PriceUnit, required: true }),
    amount: t.field({ type: 'Decimal', required: true, description: 'USD for one unit.' }),
    fromTokens: t.field({
      type: 'SafeInt',
      defaultValue: 0,
      description: 'Holds from this many input tokens on. Each unit needs a rate from 0 on.',
    }),
  }),
});

const PriceSetInput = builder.inputType('PriceSetInput', {
  fields: (t) => ({
    model: t.string({ required: true, description: '`provider/model`, exactly as it is asked for.' }),
    rates: t.field({
      type: [PriceRateInput],
      description: 'All of them. Without any, the organisation goes back to what holds for everybody.',
    }),
    effectiveFrom: t.field({
      type: 'DateTime',
      description: 'Now unless said otherwise; never in the past.',
    }),
  }),
});

const PricePayload = builder.objectRef<Payload<{ price: PriceRow }>>('PricePayload').implement({
  fields: (t) => ({
    price: t.field({ type: Price, nullable: true, resolve: ({ price }) => price }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationField('priceSet', (t) =>
  t.field({
    type: PricePayload,
    description:
      'What a model costs the organisation from a moment on. Completions that have begun keep the price they began with.',
    args: { input: t.arg({ type: PriceSetInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => {
        const { model, rates = [], effectiveFrom } = withoutNull(input);
        const given = rates.map(({ unit, amount, fromTokens = 0 }) => ({ unit, fromTokens, nanos: amount }));
        return {
          price: await setPrice(
            gateway.prices,
            who,
            { model, rates: given, effectiveFrom },
            { requestId, ip },
          ),
        };
      }),
  }),
);
