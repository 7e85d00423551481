import { expect, it } from 'vitest';
import { startReceiver } from '../alerts/support/receiver.ts';
import { HASHING_SECRET } from '../access/support/organisation.ts';
import { bootGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { addCaller, pastHours, settlePast } from './support/history.ts';

const WATCH = `subscription { alertRaised {
  id kind message ... on Anomaly { measure observed expected deviation key { id } }
} }`;

it('an anomaly comes by the subscription and by webhooks', async () => {
  await using opened = new AsyncDisposableStack();
  const receiver = opened.adopt(await startReceiver(), (each) => each.close());
  const { databaseUrl, drop } = await createTestDatabase();
  opened.defer(drop);
  const running = await bootGateway({
    databaseUrl,
    config: { webhooks: [receiver.as('ops', { events: ['ANOMALY'] })] },
    variables: { SLUICE_SECRET: HASHING_SECRET },
  });
  opened.defer(() => running.stop(0));
  const caller = await addCaller(running);
  const alerts = running.socket({ key: caller.secret }).iterate<{ alertRaised: { key: unknown } }>({
    query: WATCH,
  });
  const first = alerts.next();
  let isTold = false;
  void first.then(() => (isTold = true));
  // A subscription tells nobody when it is open, so there is one unusual key after the other until it has told one.
  let tries = 0;
  while (!isTold) {
    tries += 1;
    const past = pastHours(24, { costNanos: 50_000_000n });
    if (tries > 1) await running.gateway.database.sql`DELETE FROM alerts`;
    await settlePast(running, caller, [
      ...(tries === 1 ? past : []),
      { hoursAgo: 0, costNanos: 2_000_000_000n * BigInt(tries) },
    ]);
    await running.gateway.anomalies.look();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const told = (await first).value?.data?.alertRaised;
  expect(told).toMatchObject({
    id: expect.stringMatching(/^anom_\d+$/),
    kind: 'ANOMALY',
    measure: 'SPEND',
    expected: '0.05',
    key: { id: caller.keyId },
  });
  const { genuine, payload } = await receiver.next();
  expect(genuine).toBe(true);
  expect(payload).toMatchObject({
    type: 'usage.anomaly',
    data: {
      id: expect.stringMatching(/^anom_\d+$/),
      organisationId: 'org_default',
      teamId: caller.teamId,
      measure: 'SPEND',
      observed: '2',
      expected: '0.05',
      deviation: expect.stringMatching(/^\d+\.\d$/),
      message: expect.stringContaining('$2 in the hour from'),
    },
  });
});
