import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWebhooks, type Webhooks } from '../../src/alerts/webhooks.ts';
import type { WebhookConfig } from '../../src/config/config.ts';
import { createPlace } from '../completion/support/process.ts';
import { startUpstream } from '../providers/support/upstream.ts';
import { bootGateway, useGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { insertAlert, makeDue, raiseAlert, readDelivery, waitForDelivery } from './support/alerts.ts';
import { SECRET, startReceiver, type Receiver } from './support/receiver.ts';

const gateway = useGateway();
const sql = () => gateway().gateway.database.sql;
const never = new AbortController().signal;

let opened: AsyncDisposableStack;
beforeEach(() => {
  opened = new AsyncDisposableStack();
});
afterEach(() => opened.disposeAsync());

async function receive(...args: Parameters<typeof startReceiver>): Promise<Receiver> {
  return opened.adopt(await startReceiver(...args), (receiver) => receiver.close());
}

/** An instance with these webhooks, which sends when the test says so. */
function instanceWith(...webhooks: WebhookConfig[]): Webhooks {
  const { logger } = gateway().gateway;
  return opened.adopt(createWebhooks(sql(), { webhooks, logger }), (made) => made.close());
}

describe('an alert', () => {
  it('that a budget raises is told once to each webhook that wants its kind, signed', async () => {
    const [all, anomalies] = [await receive(), await receive()];
    const { databaseUrl, drop } = await createTestDatabase();
    opened.defer(drop);
    const webhooks = [all.as('all'), anomalies.as('anomalies', { events: ['ANOMALY'] })];
    const running = await bootGateway({ databaseUrl, config: { webhooks } });
    opened.defer(() => running.stop(0));
    const { data } = await running.ask(`mutation {
      budgetSet(input: { subjectId: "team_default", limit: "2", unit: REQUESTS, window: TOTAL, thresholds: [50] }) {
        budget { id } errors { message }
      }
      completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { errors { message } }
    }`);
    const told = await all.next();
    const detail = { message: 'ten times as much' };
    const anomaly = await raiseAlert(running.gateway, { kind: 'ANOMALY', detail });
    for (const receiver of [all, anomalies]) {
      expect(await receiver.next()).toMatchObject({
        id: `alert_${anomaly}`,
        genuine: true,
        payload: { type: 'usage.anomaly', data: detail },
      });
    }
    expect(told).toMatchObject({ id: expect.stringMatching(/^alert_\d+$/), genuine: true });
    expect(told.headers['content-type']).toBe('application/json');
    expect(Math.abs(told.sentAt - Date.now() / 1_000)).toBeLessThan(60);
    expect(told.payload).toMatchObject({
      type: 'budget.threshold',
      timestamp: expect.stringMatching(/Z$/),
      data: {
        id: told.id,
        organisationId: 'org_default',
        budgetId: data.budgetSet.budget.id,
        message: '50 % of the budget is used: 1 of 2 requests',
        unit: 'REQUESTS',
        limit: '2',
        settled: '1',
        threshold: 50,
      },
    });
    for (const name of ['all', 'anomalies'])
      await waitForDelivery(running.gateway.database.sql, anomaly, name, (row) => row.delivered);
    expect([all.received.length, anomalies.received.length]).toEqual([2, 1]);
    expect(running.logs.join('')).not.toContain(SECRET.slice('whsec_'.length));
  });

  it('tells money in USD', async () => {
    const receiver = await receive();
    await insertAlert(sql(), { kind: 'BUDGET_EXCEEDED' });
    await instanceWith(receiver.as('usd')).deliver('usd', never);
    expect(receiver.received[0]?.payload).toMatchObject({
      type: 'budget.exceeded',
      data: {
        limit: '10',
        settled: '8',
        message: 'something did not fit into what the budget had left: 8 of 10 USD was used',
      },
    });
  });

  it('older than a day is told to nobody', async () => {
    const receiver = await receive();
    const old = await insertAlert(sql());
    await sql()`UPDATE alerts SET at = now() - interval '25 hours' WHERE id = ${old}::text::bigint`;
    await instanceWith(receiver.as('late')).deliver('late', never);
    expect(receiver.received).toEqual([]);
  });
});

describe('a receiver', () => {
  it('that fails is asked again later, with the same id and a new signature, until it takes it', async () => {
    const receiver = await receive((response, _received, count) => {
      response.writeHead(count < 3 ? 500 : 200).end('whatever');
    });
    const instance = instanceWith(receiver.as('flaky'));
    const id = await insertAlert(sql());
    for (const attempts of [1, 2]) {
      await instance.deliver('flaky', never);
      await instance.deliver('flaky', never);
      const row = await readDelivery(sql(), id, 'flaky');
      expect(row).toMatchObject({ attempts, delivered: false, pending: true, last_error: 'it answered 500' });
      await makeDue(sql(), id);
    }
    await instance.deliver('flaky', never);
    await makeDue(sql(), id);
    await instance.deliver('flaky', never);
    expect(await readDelivery(sql(), id, 'flaky')).toMatchObject({
      attempts: 3,
      delivered: true,
      pending: false,
      last_error: null,
    });
    expect(receiver.received.map((each) => [each.id, each.genuine])).toEqual(
      [1, 2, 3].map(() => [`alert_${id}`, true]),
    );
    expect(gateway().logs.filter((line) => line.includes('"webhook":"flaky"'))).toHaveLength(2);
  });

  it('that is gone is asked no more', async () => {
    const receiver = await receive((response) => void response.writeHead(410).end());
    const id = await insertAlert(sql());
    await instanceWith(receiver.as('gone')).deliver('gone', never);
    expect(await readDelivery(sql(), id, 'gone')).toMatchObject({
      attempts: 1,
      delivered: false,
      pending: false,
      last_error: 'it answered 410',
    });
  });

  it('that failed for a day is asked no more', async () => {
    const receiver = await receive((response) => void response.writeHead(503).end());
    const instance = instanceWith(receiver.as('broken'));
    const id = await insertAlert(sql());
    await instance.deliver('broken', never);
    await sql()`UPDATE webhook_deliveries SET attempts = 11, next_at = now() WHERE webhook = 'broken'`;
    await instance.deliver('broken', never);
    const row = await readDelivery(sql(), id, 'broken');
    expect(row).toMatchObject({ attempts: 12, delivered: false, pending: false });
  });

  it('that asks for time gets it', async () => {
    const receiver = await receive(
      (response) => void response.writeHead(429, { 'retry-after': '3000' }).end(),
    );
    const id = await insertAlert(sql());
    await instanceWith(receiver.as('busy')).deliver('busy', never);
    expect((await readDelivery(sql(), id, 'busy'))?.in_seconds).toBeGreaterThan(2_000);
  });

  it('that sends elsewhere is not followed', async () => {
    const elsewhere = await receive();
    const location = `${elsewhere.url}/hook`;
    const receiver = await receive((response) => void response.writeHead(307, { location }).end());
    const id = await insertAlert(sql());
    await instanceWith(receiver.as('moved')).deliver('moved', never);
    expect((await readDelivery(sql(), id, 'moved'))?.last_error).toBe('it answered 307');
    expect(elsewhere.received).toEqual([]);
  });

  it('that answers without end has taken it, and is not listened to', async () => {
    const hungUp = Promise.withResolvers<void>();
    const receiver = await receive((response) => {
      response.writeHead(200).on('close', hungUp.resolve);
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', pour);
      };
      pour();
    });
    const id = await insertAlert(sql());
    await instanceWith(receiver.as('endless')).deliver('endless', never);
    await hungUp.promise;
    expect((await readDelivery(sql(), id, 'endless'))?.delivered).toBe(true);
  });

  it('that is not there is tried again', async () => {
    const { url, close } = await startUpstream(() => {});
    await close();
    const id = await insertAlert(sql());
    const nowhere = (await receive()).as('nowhere', { url });
    await instanceWith(nowhere).deliver('nowhere', never);
    const row = await readDelivery(sql(), id, 'nowhere');
    expect(row).toMatchObject({ pending: true, last_error: expect.stringContaining('ECONNREFUSED') });
  });

  it('that hangs is left at once when the process is to end, and is tried again', async () => {
    const receiver = await receive(() => {});
    const id = await insertAlert(sql());
    const stopping = new AbortController();
    const delivering = instanceWith(receiver.as('silent')).deliver('silent', stopping.signal);
    await receiver.next();
    stopping.abort(new Error('the gateway is shutting down'));
    await delivering;
    expect(await readDelivery(sql(), id, 'silent')).toMatchObject({ delivered: false, pending: true });
  });
});

describe('several instances', () => {
  it('share the work: everything is told, and nothing twice', async () => {
    const receiver = await receive();
    const ids = await Promise.all(Array.from({ length: 60 }, () => insertAlert(sql())));
    const instances = [1, 2, 3].map(() => instanceWith(receiver.as('shared')));
    // What one of them has taken hold of the others pass over, so each looks twice.
    for (let round = 0; round < 2; round += 1)
      await Promise.all(instances.map((each) => each.deliver('shared', never)));
    expect(receiver.received.map(({ id }) => id).toSorted()).toEqual(
      ids.map((id) => `alert_${id}`).toSorted(),
    );
  });
});

describe('kill -9 in the middle of an attempt', () => {
  it('loses no alert: the next process tells it, under the same id', async () => {
    const receiver = await receive((response, _received, count) => {
      // The first attempt is never answered.
      if (count > 1) response.writeHead(200).end();
    });
    const place = opened.use(await createPlace());
    const before = await place.boot();
    const id = await raiseAlert(before.gateway);
    await before.stop(0);

    const webhook = { ...receiver.as('all'), secret: '${HOOK_SECRET}' };
    const doomed = await place.spawn({}, { webhooks: [webhook] }, { HOOK_SECRET: SECRET });
    await receiver.next();
    doomed.kill('SIGKILL');
    expect(await doomed.ended).toBe('SIGKILL');
    expect(doomed.output()).not.toContain(SECRET);

    const after = await place.boot({ webhooks: [receiver.as('all')] });
    const { sql: itsSql } = after.gateway.database;
    try {
      expect(await readDelivery(itsSql, id, 'all')).toMatchObject({
        attempts: 1,
        delivered: false,
        pending: true,
      });
      await makeDue(itsSql, id);
      expect(await receiver.next()).toMatchObject({ id: `alert_${id}`, genuine: true });
      await waitForDelivery(itsSql, id, 'all', (row) => row.delivered);
    } finally {
      await after.stop(0);
    }
  });
});
