import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readBudget, useBudgets } from '../budgets/support.ts';
import { create, say } from '../completion/support/completions.ts';
import { startVendor, type Vendor } from '../completion/support/vendor.ts';
import { inDays, setLifecycle } from '../models/support.ts';
import { bootGateway, useGateway, type TestGateway } from '../support/gateway.ts';
import { passTime } from '../support/pass-time.ts';
import { listCopies } from './shadow-support.ts';
import { trialOf } from '../trials/support/trials.ts';
import { deleteRoute, setRoute } from './support.ts';

const LONG = { timeout: 20_000 };
const vendor = await startVendor('vendor');
const idle = await startVendor('idle');
const american = await startVendor('american');
for (const each of [vendor, idle, american]) void answerAlways(each);
const inRegion = ({ config }: Vendor, region: string) => ({ ...config, region });
const gateway = useGateway({
  config: { providers: [inRegion(vendor, 'eu'), inRegion(idle, 'eu'), inRegion(american, 'us')] },
});
const { budgetOf } = useBudgets(gateway);
beforeEach(() => {
  for (const each of [vendor, idle, american]) Object.assign(each, { calls: 0, refusal: undefined });
});
afterAll(() => Promise.all([vendor, idle, american].map((each) => each.close())));

async function answerAlways(each: Vendor): Promise<void> {
  for (;;) {
    const call = await each.nextCall();
    call.say('OK');
    call.finish();
  }
}

async function probed(models: string[], more: object = { probeSeconds: 3_600 }): Promise<void> {
  const targets = models.map((model) => ({ model, retries: 0 }));
  expect((await setRoute(gateway(), { name: 'probed', targets, ...more })).errors).toEqual([]);
}

const probes = (on: TestGateway = gateway()) => listCopies(on, ['PROBE']);
const stateOf = (model: string) => gateway().gateway.measures.health.view(model).state;

const restingMs = (model: string) => gateway().gateway.measures.health.restingMs(model);

/** What is so in the end, when there is looked for probes a second later each time. */
function later<T>(read: () => T): () => T {
  return () => {
    passTime(1_000);
    gateway().gateway.prober.look();
    return read();
  };
}

/** Until what broke down may be tried again. So soon after a probe, by the database's clock, no other one is made. */
async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 600));
  passTime(5_000);
}

/** Long enough for a probe to reach its vendor that is due now. */
async function lookOnce(): Promise<void> {
  gateway().gateway.prober.look();
  await new Promise((resolve) => setTimeout(resolve, 300));
}

/** As if so many calls of it had failed in a row. */
function breakDown(model: string): void {
  const { health } = gateway().gateway.measures;
  for (let call = 0; call < 5; call += 1) {
    health.begin(model, true);
    health.end(model, { kind: 'FAILED', latencyMs: undefined, retryAfterMs: undefined });
  }
}

describe('a model of a route that is to be probed', () => {
  it('is found healthy before anybody calls it, also by a route in the route', async () => {
    await setRoute(gateway(), { name: 'inner', targets: [{ model: 'idle/model' }] });
    await probed(['inner']);
    await expect.poll(() => stateOf('idle/model'), LONG).toBe('HEALTHY');
    await expect.poll(probesSettled, LONG).toBe(true);
    expect(await probes()).toMatchObject([
      { origin: 'PROBE', status: 'SUCCEEDED', requestedModel: 'idle/model', shadowOf: null },
    ]);
    expect(idle.calls).toBe(1);
  });

  it('is also one that is tried out, until it was taken back', async () => {
    const canary = {
      model: 'vendor/canary',
      steps: [{ percent: 100, minutes: 60 }],
      rollBackWhen: { afterRequests: 1, errorRateAbove: 0.5 },
    };
    await probed(['idle/base'], { probeSeconds: 3_600, canary });
    await expect.poll(() => stateOf('vendor/canary'), LONG).toBe('HEALTHY');
    await expect.poll(probesSettled, LONG).toBe(true);
    vendor.refusal = 500;
    await create(gateway(), say('probed'));
    await expect.poll(async () => (await trialOf(gateway(), 'probed')).state, LONG).toBe('ROLLED_BACK');
    breakDown('vendor/canary');
    const { calls } = vendor;
    const known = (await probes()).length;
    gateway().gateway.prober.look();
    await expect.poll(probesSettled, LONG).toBe(true);
    expect(await probes()).toHaveLength(known);
    expect(vendor.calls).toBe(calls);
  });

  it('that has ended is the one in its place', async () => {
    const replaced = { sunsetAt: inDays(-1), replacement: 'idle/heir', afterSunset: 'REPLACE' as const };
    expect((await setLifecycle(gateway(), 'vendor/ended', replaced)).errors).toEqual([]);
    await probed(['vendor/ended']);
    await expect.poll(() => stateOf('idle/heir'), LONG).toBe('HEALTHY');
    await expect.poll(probesSettled, LONG).toBe(true);
    expect((await probes())[0]).toMatchObject({ requestedModel: 'idle/heir' });
    await setLifecycle(gateway(), 'vendor/ended');
  });

  it('is found down before anybody calls it, and is found again', async () => {
    vendor.refusal = 500;
    await probed(['vendor/model']);
    await expect
      .poll(
        later(() => stateOf('vendor/model')),
        LONG,
      )
      .toBe('DOWN');
    vendor.refusal = undefined;
    await expect
      .poll(
        later(() => stateOf('vendor/model')),
        LONG,
      )
      .not.toBe('DOWN');
    await expect
      .poll(
        later(() => restingMs('vendor/model')),
        LONG,
      )
      .toBe(0);
    const ofCallers = await create(gateway(), say('probed'));
    expect(ofCallers).toMatchObject({ errors: [], completion: { attempts: [{ status: 'OK' }] } });
  });

  it('that has rested is tried by a probe first, and not by a caller', async () => {
    await probed(['vendor/model', 'idle/model']);
    await expect.poll(probesSettled, LONG).toBe(true);
    breakDown('vendor/model');
    const before = vendor.calls;
    const known = (await probes()).length;
    const answeredBy = async () => (await create(gateway(), say('probed'))).completion!.model.name;
    expect(await answeredBy()).toBe('idle/model');
    await rest();
    gateway().gateway.prober.look();
    await expect.poll(answeredBy, LONG).toBe('vendor/model');
    expect(await probes()).toHaveLength(known + 1);
    // The probe, and the caller who came after it.
    expect(vendor.calls).toBe(before + 2);
  });

  it('is left alone where no route wants it', async () => {
    await deleteRoute(gateway(), 'probed');
    await deleteRoute(gateway(), 'inner');
    breakDown('vendor/model');
    await setRoute(gateway(), { name: 'unprobed', targets: [{ model: 'vendor/model' }] });
    await rest();
    await lookOnce();
    expect(vendor.calls).toBe(0);
    expect((await create(gateway(), say('vendor/model'))).errors).toEqual([]);
  });
});

async function probesSettled(): Promise<boolean> {
  const all = await probes();
  return all.length > 0 && all.every(({ status }) => status !== 'RUNNING');
}

describe('what a probe costs', () => {
  it('is booked on accounts of its own, and drawn from budgets of the organisation', async () => {
    const organisation = await budgetOf({ scope: 'ORGANISATION', subjectId: 'org_default' });
    const team = await budgetOf({ scope: 'TEAM', subjectId: 'team_default' });
    breakDown('vendor/model');
    await probed(['vendor/model']);
    await expect
      .poll(
        later(() => vendor.calls),
        LONG,
      )
      .toBe(1);
    const spent = async ({ id }: { id: string }) => (await readBudget(gateway(), id)).spent.amount;
    await expect.poll(() => spent(organisation), LONG).toBe('0.00003');
    expect(await spent(team)).toBe('0');
    const [account] = await gateway().gateway.database.sql`
      SELECT balance_nanos > 0 AS spent FROM ledger_accounts WHERE id = 'spent:probe:org_default'`;
    expect(account).toEqual({ spent: true });
  });

  it('is spent only where the budget has it, and then callers try for themselves', async () => {
    await budgetOf({ scope: 'PROVIDER', subjectId: 'vendor', limit: '0.0000001', unit: 'MONEY' });
    breakDown('vendor/model');
    await probed(['vendor/model']);
    expect(restingMs('vendor/model')).toBeGreaterThan(0);
    await expect
      .poll(
        later(() => restingMs('vendor/model')),
        LONG,
      )
      .toBe(0);
    expect(vendor.calls).toBe(0);
  });
});

it('a probe goes nowhere where the organisation may not go', async () => {
  const stay = (regions: string[]) =>
    gateway().ask(
      'mutation ($regions: [String!]!) { organisationUpdate(input: { regions: $regions }) { errors { message } } }',
      { regions },
    );
  await deleteRoute(gateway(), 'unprobed');
  expect((await stay(['eu'])).data?.organisationUpdate.errors).toEqual([]);
  await probed(['idle/model', 'american/model']);
  await lookOnce();
  await stay([]);
  expect(american.calls).toBe(0);
});

it.each([0, 9, 86_401])('a route cannot be probed every %s seconds', async (probeSeconds) => {
  const targets = [{ model: 'vendor/model' }];
  const { errors } = await setRoute(gateway(), { name: 'probed', targets, probeSeconds });
  expect(errors.map(({ message }) => message)).toEqual([
    `input.probeSeconds is ${probeSeconds}; it must be from 10 to 86400`,
  ]);
});

it('a gateway that goes down stops its probes, and settles them', async () => {
  const silent = await startVendor('silent');
  const closing = await bootGateway({ config: { providers: [silent.config] } });
  await setRoute(closing, { name: 'probed', targets: [{ model: 'silent/model' }], probeSeconds: 10 });
  const call = await silent.nextCall();
  await closing.gateway.runs.drain(AbortSignal.timeout(60_000));
  await call.closed;
  expect(await probes(closing)).toMatchObject([{ status: 'CANCELLED' }]);
  await closing.stop(0);
  await silent.close();
});
