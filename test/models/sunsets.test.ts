import { afterAll, describe, expect, it } from 'vitest';
import { createSunsetWatch } from '../../src/alerts/sunsets.ts';
import { startReceiver } from '../alerts/support/receiver.ts';
import { makeKey } from '../access/support/keys.ts';
import { foldAll } from '../anomalies/support/history.ts';
import { create, say } from '../completion/support/completions.ts';
import { useGateway } from '../support/gateway.ts';
import { dayOf, inDays, setLifecycle } from './support.ts';

const receiver = await startReceiver();
afterAll(() => receiver.close());
const gateway = useGateway({
  config: {
    webhooks: [receiver.as('ops', { events: ['MODEL_SUNSET'] })],
    models: { aliases: {}, lifecycles: {}, warnDays: [30, 7] },
  },
});

const ALERTS = `{ alerts { nodes {
  id kind message ... on SunsetAlert { model { name } sunsetAt days replacement { name } requests }
} } }`;
const look = () => gateway().gateway.sunsets.look();

async function alertsOn(model: string, key?: string) {
  const { data } = await gateway().ask(ALERTS, {}, key === undefined ? {} : { key });
  return data.alerts.nodes.filter((alert: { model?: { name: string } }) => alert.model?.name === model);
}

async function call(model: string): Promise<void> {
  expect((await create(gateway(), say(model, 'hi'))).errors).toEqual([]);
  await foldAll(gateway());
}

describe('the end of a model that is still called', () => {
  it('is told once for each of the days before it, to admins and webhooks', async () => {
    await call('demo/echo');
    const sunsetAt = inDays(20);
    await setLifecycle(gateway(), 'demo/echo', { sunsetAt, replacement: 'demo/assistant' });
    expect(await look()).toBe(1);
    expect(await look()).toBe(0);
    const message = `demo/echo ends on ${dayOf(sunsetAt)} and was called 1 times in the last week; demo/assistant takes its place`;
    expect(await alertsOn('demo/echo')).toEqual([
      {
        id: expect.stringMatching(/^sunset_\d+$/),
        kind: 'MODEL_SUNSET',
        message,
        model: { name: 'demo/echo' },
        sunsetAt,
        days: 30,
        replacement: { name: 'demo/assistant' },
        requests: 1,
      },
    ]);
    expect((await receiver.next()).payload).toMatchObject({
      type: 'model.sunset',
      data: { id: expect.stringMatching(/^sunset_/), message, model: 'demo/echo', days: 30 },
    });
    const { secret } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    expect(await alertsOn('demo/echo', secret)).toEqual([]);
  });

  it('is told by one instance, and not again after a restart', async () => {
    const { database, modelSetting } = gateway().gateway;
    const { listLifecycles } = modelSetting.book;
    const afterRestart = () =>
      createSunsetWatch({ sql: database.sql, warnDays: [30, 7], listLifecycles, onRaised() {} });
    await call('demo/assistant');
    await setLifecycle(gateway(), 'demo/assistant', { sunsetAt: inDays(10) });
    const found = await Promise.all([afterRestart().look(), afterRestart().look(), look()]);
    expect(found.toSorted()).toEqual([0, 0, 1]);
    expect(await afterRestart().look()).toBe(0);
  });

  it('is told again when it comes nearer, or is moved', async () => {
    await call('demo/expensive');
    await setLifecycle(gateway(), 'demo/expensive', { sunsetAt: inDays(20) });
    expect(await look()).toBe(1);
    await setLifecycle(gateway(), 'demo/expensive', { sunsetAt: inDays(5) });
    expect(await look()).toBe(1);
    expect((await alertsOn('demo/expensive')).map(({ days }: { days: number }) => days)).toEqual([7, 30]);
  });

  it.each([
    ['far away', 'demo/unpriced', 31],
    ['over', 'demo/unpriced', -1],
  ])('is not told while it is %s', async (_, model, days) => {
    await call(model);
    await setLifecycle(gateway(), model, { sunsetAt: inDays(days) });
    expect(await look()).toBe(0);
  });

  it('is told when the model is called again', async () => {
    await setLifecycle(gateway(), 'demo/reasoning', { sunsetAt: inDays(3) });
    expect(await look()).toBe(0);
    await call('demo/reasoning');
    expect(await look()).toBe(1);
  });
});
