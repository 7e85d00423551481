import type { ISql, Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Model, Price, Rate, StoredRate } from '../domain/model.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import { newId } from '../lib/ids.ts';
import { findRateFaults } from './check-rates.ts';
import { sortRates } from './make-price.ts';
import type { PriceBook } from './price-book.ts';

/** What setting prices needs. */
export interface PriceStore {
  sql: Sql;
  book: PriceBook;
  findModel(name: string): Model | undefined;
  /** Something was committed. */
  onChange(): void;
}

export interface NewPrice {
  /** `provider/model`. */
  model: string;
  /** Empty: from then on everybody's price holds again. */
  rates: Rate[];
  /** Now, unless said otherwise. */
  effectiveFrom: Date | undefined;
}

/** All own prices are kept in memory, so there is a limit to them. Those that have been followed do not count. */
const OF_ORGANISATION_MAX = 2_000;
const OF_ALL_MAX = 100_000;
const MODEL_NAME_MAX = 300;

/**
 * Sets what a model costs an organisation from a moment on. What was set before stays in the history, and holds until
 * then. In this process it holds when this returns.
 * @throws InvalidInput with a path for each fault.
 */
export async function setPrice(
  store: PriceStore,
  who: Principal,
  input: NewPrice,
  by: Origin,
): Promise<Price> {
  const model = ensureValid(store, input);
  const { organisationId } = who;
  const price = {
    id: newId('price'),
    organisationId,
    provider: model.provider,
    model: model.name,
    rates: sortRates(input.rates),
    source: 'organisation',
    // By our own clock, which will also judge it: the database's may run ahead.
    effectiveFrom: input.effectiveFrom ?? new Date(),
  };
  const before = store.book.findOwn(organisationId, model.name, price.effectiveFrom);
  await store.sql.begin(async (tx) => {
    await ensureRoom(tx, organisationId);
    await insertPrice(tx, price);
    await appendEvent(tx, { kind: 'PRICES_CHANGED', organisationId, subjectId: price.id });
    await appendAudit(tx, {
      organisationId,
      actorId: who.keyId,
      action: 'price.set',
      targetId: price.id,
      before: before && toRecord(before),
      after: toRecord(price),
      ...by,
    });
  });
  store.onChange();
  await store.book.reload(organisationId);
  return price;
}

function ensureValid({ findModel }: PriceStore, { model: name, rates, effectiveFrom }: NewPrice): Model {
  const issues = findRateFaults(rates);
  const model = name.length <= MODEL_NAME_MAX ? findModel(name) : undefined;
  if (!model)
    issues.push({ path: ['input', 'model'], message: 'input.model is no model of a configured provider' });
  if (effectiveFrom && effectiveFrom < new Date()) {
    const message = 'input.effectiveFrom lies in the past; leave it out for a price from now on';
    issues.push({ path: ['input', 'effectiveFrom'], message });
  }
  if (issues.length > 0 || !model) throw new InvalidInput(issues);
  return model;
}

async function ensureRoom(sql: ISql, organisationId: string): Promise<void> {
  const [counts] = await sql<{ own: string; all: string }[]>`
    SELECT count(*) FILTER (WHERE organisation_id = ${organisationId})::text AS own, count(*)::text AS all FROM (
      SELECT organisation_id, lead(effective_from) OVER (PARTITION BY organisation_id, model
        ORDER BY effective_from, created_at, id) AS until
      FROM prices WHERE organisation_id IS NOT NULL
    ) AS set WHERE until IS NULL OR until > now()`;
  if (Number(counts?.own) < OF_ORGANISATION_MAX && Number(counts?.all) < OF_ALL_MAX) return;
  const message = `input.model: an organisation may have ${OF_ORGANISATION_MAX} own prices that hold or will`;
  throw new InvalidInput([{ path: ['input', 'model'], message }]);
}

async function insertPrice(sql: ISql, price: Price & { effectiveFrom: Date }): Promise<void> {
  const { id, organisationId = null, provider, model, source, effectiveFrom } = price;
  const rates = price.rates.length === 0 ? null : toJsonParameter(toStoredRates(price.rates));
  await sql`
    INSERT INTO prices (id, organisation_id, provider, model, rates, source, effective_from)
    VALUES (${id}, ${organisationId}, ${provider}, ${model}, ${rates}::text::jsonb, ${source},
      ${effectiveFrom.toISOString()}::text::timestamptz)`;
}

function toRecord({ id, model, rates, effectiveFrom }: Price) {
  return { id, model, rates: toStoredRates(rates), effectiveFrom: effectiveFrom?.toISOString() };
}

function toStoredRates(rates: readonly Rate[]): StoredRate[] {
  return rates.map((rate) => ({ ...rate, nanos: rate.nanos.toString() }));
}
