import { expect, it } from 'vitest';
import { createPlace } from '../completion/support/process.ts';
import { ADMIN_KEY, type Answer, type TestGateway } from '../support/gateway.ts';
import { armOf, askAs, setTrial, trialOf, users } from './support/trials.ts';

it('a canary goes on where it was when the process is killed, and stays as it was decided', async () => {
  await using place = await createPlace();
  const first = await place.spawn({});
  const ask: TestGateway['ask'] = async (query, variables) => {
    const response = await fetch(first.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Answer;
  };
  const spawned = { ask } as TestGateway;
  await setTrial(spawned, {
    name: 'chat',
    targets: [{ model: 'demo/echo' }],
    canary: {
      model: 'demo/error',
      steps: [{ percent: 100, minutes: 60 }],
      rollBackWhen: { afterRequests: 5, errorRateAbove: 0.2 },
    },
  });
  await Promise.all(users(3).map((user) => askAs(spawned, 'chat', user)));
  first.kill('SIGKILL');
  await first.ended;

  const second = await place.boot();
  try {
    await second.gateway.trials.look();
    expect(await armOf(second, 'chat', 'canary')).toMatchObject({ requests: 3, failures: 3 });
    await Promise.all(users(3).map((user) => askAs(second, 'chat', user)));
    await expect.poll(async () => (await trialOf(second, 'chat')).state).toBe('ROLLED_BACK');
    expect((await armOf(second, 'chat', 'canary')).requests).toBe(5);
  } finally {
    await second.stop(0);
  }
  const third = await place.boot();
  try {
    expect(await trialOf(third, 'chat')).toMatchObject({
      state: 'ROLLED_BACK',
      reason: expect.stringMatching(/^errorRateAbove 0\.2: the canary has failed 5 of 5 requests/),
    });
    const { text } = await askAs(third, 'chat', 'somebody');
    expect(text).not.toBe('');
  } finally {
    await third.stop(0);
  }
});
