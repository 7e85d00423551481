import { expect, it } from 'vitest';
import { trySetBudget } from '../budgets/support.ts';
import { useCanaries } from './support/canaries.ts';
import { armOfCompletion } from './support/trials.ts';

const { gateway, dear, set, ask, target } = await useCanaries();

it('a canary is given requests as before after budgets led some of them elsewhere', async () => {
  const model = dear.nextModel();
  await set({ model, steps: [{ percent: 100 }], rollBackWhen: { afterRequests: 3, errorRateAbove: 0.2 } });
  const { errors } = await trySetBudget(gateway(), {
    scope: 'MODEL',
    subjectId: model,
    unit: 'REQUESTS',
    limit: '1',
    window: 'DAY',
    onExceed: 'FALLBACK_TO_CHEAPER',
    fallbackModel: target().model,
  });
  expect(errors).toEqual([]);
  expect((await ask()).model.name).toBe(model);
  for (let request = 0; request < 5; request += 1) {
    const { id, model: answered } = await ask();
    expect(answered.name).toBe(target().model);
    await expect.poll(() => armOfCompletion(gateway(), id)).toBe('canary');
  }
});
