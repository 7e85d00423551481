import { expect } from 'vitest';
import type { ErrorData } from '../../completion/support/completions.ts';
import type { TestGateway } from '../../support/gateway.ts';

export interface RateData {
  unit: string;
  amount: { amount: string };
  fromTokens: number;
}

export interface PriceData {
  id: string;
  modelName: string;
  source: string;
  effectiveFrom: string | null;
  rates: RateData[];
}

const PRICE = 'id modelName source effectiveFrom rates { unit amount { amount } fromTokens }';

const SET = `mutation ($input: PriceSetInput!) {
  priceSet(input: $input) { price { ${PRICE} } errors { __typename code message path } }
}`;

/** Asks for a new price, whatever the input. */
export async function trySet(
  gateway: TestGateway,
  input: object,
  key?: string,
): Promise<{ price: PriceData | null; errors: ErrorData[] }> {
  const { data, errors } = await gateway.ask(SET, { input }, key === undefined ? {} : { key });
  if (!data?.priceSet) throw new Error(JSON.stringify(errors));
  return data.priceSet;
}

export async function setPrice(gateway: TestGateway, input: object, key?: string): Promise<PriceData> {
  const { price, errors } = await trySet(gateway, input, key);
  expect(errors).toEqual([]);
  return price!;
}

/** So much for each token, in nano-USD. */
export function perToken(nanos: number) {
  return [{ unit: 'MTOK_INPUT', amount: String(nanos / 1_000) }];
}

/** What the viewer is told of a model's price. */
export async function readPrices(
  gateway: TestGateway,
  name: string,
  key?: string,
): Promise<{ price: PriceData | null; prices: RateData[]; priceHistory: PriceData[] }> {
  const { data } = await gateway.ask(
    `query ($name: String!) { model(name: $name) {
      price { ${PRICE} } prices { unit amount { amount } fromTokens } priceHistory { ${PRICE} }
    } }`,
    { name },
    key === undefined ? {} : { key },
  );
  return data.model;
}

/** The lines that a completion has in the journal, with the price that each names. */
export async function readEntries(
  gateway: TestGateway,
  completionId: string,
  key?: string,
): Promise<{ kind: string; amount: { amount: string } | null; price: PriceData | null }[]> {
  const { data } = await gateway.ask(
    `query ($id: ID!) { ledger(filter: { completionId: $id }) { nodes { kind amount { amount } price { ${PRICE} } } } }`,
    { id: completionId },
    key === undefined ? {} : { key },
  );
  return data.ledger.nodes;
}
