import { beforeAll, describe, expect, it } from 'vitest';
import { addCaller, pastHours, settlePast } from '../anomalies/support/history.ts';
import { HASHING_SECRET } from '../access/support/organisation.ts';
import { useGateway } from '../support/gateway.ts';
import { setBudget } from './support.ts';

/** Nobody calls it here: what it answered is written as history. */
const VENDOR = {
  name: 'vendor',
  type: 'openai-compatible',
  apiKey: 'sk-test',
  headers: {},
  settings: {},
  baseURL: 'http://127.0.0.1:9/v1',
  models: [{ id: 'model', price: { input: '1', output: '1' } }],
};
const gateway = useGateway({
  config: { providers: [VENDOR] },
  variables: { SLUICE_SECRET: HASHING_SECRET },
});
let caller: Awaited<ReturnType<typeof addCaller>>;
let secret: string;

const HOURS = 10;
const HOURS_AHEAD = 30 * 24;
/** A thousandth of a dollar and 100 tokens in each hour. */
beforeAll(async () => {
  caller = await addCaller(gateway());
  ({ secret } = caller);
  const about = { tags: [{ key: 'feature', value: 'search' }], endUserId: 'anna', costNanos: 1_000_000n };
  await settlePast(gateway(), caller, pastHours(HOURS, about));
});

interface ForecastData {
  expected: { amount: string; unit: string; currency: string | null };
  low: { amount: string };
  high: { amount: string };
  confidence: number;
  exceedsAt: string | null;
  basedOnHours: number;
}
const FORECAST = `forecast {
  expected { amount unit currency } low { amount } high { amount } confidence exceedsAt basedOnHours
}`;

async function forecastOf(input: object, key?: string): Promise<ForecastData | null> {
  const { id } = await setBudget(gateway(), { limit: '1000000', ...input });
  const query = `query ($id: ID!) { budget(id: $id) { ${FORECAST} } }`;
  const { data } = await gateway().ask(query, { id }, key === undefined ? {} : { key });
  return data.budget.forecast;
}

/** At this pace, in billionths; the clock may have passed a full hour since the history was written. */
function expectPace(forecast: ForecastData | null, billionthsAnHour: number): void {
  expect([HOURS, HOURS + 1]).toContain(forecast?.basedOnHours);
  const expected = (billionthsAnHour * HOURS * HOURS_AHEAD) / forecast!.basedOnHours;
  expect(Number(forecast!.expected.amount) * 1e9).toBeCloseTo(expected, -1);
}

describe('the forecast of a budget', () => {
  it.each([
    ['the organisation', () => ({ subjectId: caller.organisationId })],
    ['a team', () => ({ subjectId: caller.teamId })],
    ['a key', () => ({ subjectId: caller.keyId })],
    ['a model', () => ({ scope: 'MODEL', subjectId: 'vendor/model' })],
    ['a provider', () => ({ scope: 'PROVIDER', subjectId: 'vendor' })],
    ['a tag', () => ({ scope: 'TAG', subjectId: 'feature=search' })],
    ['an end user', () => ({ scope: 'END_USER', subjectId: 'anna' })],
  ])('on %s goes on as it was', async (_, subject) => {
    const forecast = await forecastOf(subject());
    expectPace(forecast, 1_000_000);
    expect(forecast).toMatchObject({
      expected: { unit: 'MONEY', currency: 'USD' },
      confidence: 0.8,
      exceedsAt: null,
    });
    const { expected, low, high } = forecast!;
    expect(Number(low.amount)).toBeLessThanOrEqual(Number(expected.amount));
    expect(Number(high.amount)).toBeGreaterThanOrEqual(Number(expected.amount));
  });

  it('is in the unit of the budget', async () => {
    const tokens = await forecastOf({ subjectId: caller.keyId, unit: 'TOKENS' });
    expectPace(tokens, 100e9);
    expect(tokens?.expected).toMatchObject({ unit: 'TOKENS', currency: null });
    expectPace(await forecastOf({ subjectId: caller.keyId, unit: 'REQUESTS' }), 1e9);
  });

  it('says when the limit is reached', async () => {
    const forecast = await forecastOf({ subjectId: caller.keyId, limit: '0.36' });
    const hours = (0.36 * forecast!.basedOnHours) / (0.001 * HOURS);
    const inHours = (Date.parse(forecast!.exceedsAt!) - Date.now()) / 3_600_000;
    expect(Math.abs(inHours - hours)).toBeLessThan(0.1);
  });

  it('ends with the window', async () => {
    const forecast = await forecastOf({ subjectId: caller.keyId, window: 'DAY' });
    expect(Number(forecast?.expected.amount)).toBeLessThanOrEqual(0.024);
  });

  it('is seen by whoever sees the budget', async () => {
    const forecast = await forecastOf({ subjectId: caller.teamId }, secret);
    expect(forecast).not.toBeNull();
    expectPace(forecast, 1_000_000);
  });

  it.each([
    ['where nothing was ever used', () => ({ scope: 'END_USER', subjectId: 'nobody' })],
    ['of a tag that nothing has', () => ({ scope: 'TAG', subjectId: 'feature=none' })],
    ['of a model that nobody asked', () => ({ scope: 'MODEL', subjectId: 'demo/echo' })],
    ['to the end of an hour', () => ({ subjectId: caller.keyId, window: 'HOUR' })],
    ['to the end of a minute', () => ({ subjectId: caller.keyId, window: 'MINUTE' })],
  ])('is none %s', async (_, subject) => {
    expect(await forecastOf(subject())).toBeNull();
  });

  it('is none while the roll-ups are being made', async () => {
    const { sql } = gateway().gateway.database;
    const { id } = await setBudget(gateway(), { subjectId: caller.keyId, limit: '9' });
    const query = `query ($id: ID!) { budget(id: $id) { ${FORECAST} } }`;
    const read = async () => (await gateway().ask(query, { id })).data.budget.forecast;
    expect(await read()).not.toBeNull();
    await sql`UPDATE usage_progress SET server = 'another'`;
    // Whoever folds begins anew, so it comes back; until then there is none, and never a wrong one.
    let forecast = await read();
    while (!forecast) forecast = await read();
    expectPace(forecast, 1_000_000);
  });

  it('takes as many statements for many budgets as for two', async () => {
    for (let user = 0; user < 50; user += 1) {
      const subject = user % 2 === 0 ? { scope: 'END_USER' } : { scope: 'TAG' };
      await setBudget(gateway(), { ...subject, subjectId: `user=${user}`, limit: '1' });
    }
    const statements: string[] = [];
    Object.assign(gateway().gateway.database.sql.options, {
      debug: (_connection: number, statement: string) => statements.push(statement),
    });
    const query = `query ($first: Int!) { budgets(first: $first) { nodes { id ${FORECAST} } } }`;
    const count = async (first: number) => {
      statements.length = 0;
      const { data } = await gateway().ask(query, { first });
      expect(data.budgets.nodes).toHaveLength(first);
      return statements.filter((text) => text.includes('with asked as')).length;
    };
    // Tags and end users are one read, and all others that stand behind them another.
    expect([await count(2), await count(50), await count(58)]).toEqual([1, 1, 2]);
  });
});
