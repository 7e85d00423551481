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
  const alerts = running.socket().iterate<{ alertRaised: { key: { id: string } | null } }>({ query: WATCH });
  const first = alerts.next();
  let isTold = false;
  void first.then(() => (isTold = true));
  const callers = [];
  // A subscription tells nobody when it is open, so there is one unusual key after the other until it has told one.
  while (!isTold) {
    const caller = await addCaller(running);
    callers.push(caller);
    const past = pastHours(13, { costNanos: 50_000_000n });
    await settlePast(running, caller, [...past, { hoursAgo: 0, costNanos: 2_000_000_000n }]);
    await running.gateway.anomalies.look();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const told = (await first).value?.data?.alertRaised;
  expect(told).toMatchObject({
    id: expect.stringMatching(/^anom_\d+$/),
    kind: 'ANOMALY',
    measure: 'SPEND',
    observed: '2',
    expected: '0.05',
  });
  expect([undefined, ...callers.map(({ keyId }) => keyId)]).toContain(told?.key?.id);
  const { genuine, payload } = await receiver.next();
  expect(genuine).toBe(true);
  expect(payload).toMatchObject({
    type: 'usage.anomaly',
    data: {
      id: expect.stringMatching(/^anom_\d+$/),
      organisationId: 'org_default',
      teamId: callers[0]?.teamId,
      measure: 'SPEND',
      observed: '2',
      expected: '0.05',
      deviation: expect.stringMatching(/^\d+\.\d$/),
      message: expect.stringContaining('$2 in the hour from'),
    },
  });
});
