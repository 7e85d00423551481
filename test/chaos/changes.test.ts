import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { perToken, setPrice } from '../catalog/support/prices.ts';
import { completionOf, create, say, STREAM } from '../completion/support/completions.ts';
import { subscribe } from '../completion/support/streams.ts';
import { applyRoutes, deleteRoute, setRoute, versionOf } from '../routes/support.ts';
import { useGateway } from '../support/gateway.ts';
import { newQuestion } from './support/asking.ts';
import { expectTruth } from './support/judge.ts';
import { ANSWER, startTruthfulVendor } from './support/truthful-vendor.ts';

const first = await startTruthfulVendor('first');
const second = await startTruthfulVendor('second');
const VENDORS = [first, second];
const gateway = useGateway({ config: { providers: VENDORS.map(({ config }) => config) } });
afterEach(() => VENDORS.forEach((vendor) => (vendor.manner = {})));
afterAll(() => Promise.all(VENDORS.map((vendor) => vendor.close())));

async function decisionOf(id: string): Promise<{ version: number; chosen: { name: string } }> {
  const { data } = await gateway().ask(
    'query ($id: ID!) { completion(id: $id) { route { version chosen { name } } } }',
    { id },
  );
  return data.completion.route;
}

/** Asks, and stands still behind the second word until it is told to go on. */
async function inTheMiddle(model: string) {
  const goOn = Promise.withResolvers<void>();
  first.manner = { pace: (word) => (word === 2 ? goOn.promise : Promise.resolve()) };
  const asked = newQuestion();
  const variables = { input: say(model, asked), coalesceMs: 0 };
  const stream = await subscribe('WS', gateway(), { query: STREAM, variables });
  for (let words = 0; words < 2;) words += (await stream.next())?.text === undefined ? 0 : 1;
  return {
    async finish() {
      goOn.resolve();
      const { completion } = (await stream.rest()).at(-1)!;
      return { completion: completion!, asked };
    },
  };
}

describe('28: what changes while an answer is under way', () => {
  it('its route, which is deleted, and its price: it goes on as it began', async () => {
    await setRoute(gateway(), { name: 'leaving', targets: [{ model: 'first/model' }] });
    const { finish } = await inTheMiddle('leaving');
    await setRoute(gateway(), { name: 'leaving', targets: [{ model: 'second/model' }] });
    expect((await deleteRoute(gateway(), 'leaving')).errors).toEqual([]);
    await setPrice(gateway(), { model: 'first/model', rates: perToken(7_000) });
    const { completion, asked } = await finish();
    expect(completion).toMatchObject({ status: 'SUCCEEDED', text: ANSWER, model: { name: 'first/model' } });
    expect(await decisionOf(completion.id)).toMatchObject({ version: 1, chosen: { name: 'first/model' } });
    await expectTruth(gateway(), completion, VENDORS, asked, 0);

    const after = completionOf(await create(gateway(), say('first/model', newQuestion())));
    expect(after.cost!.amount).toBe(String((after.usage!.total * 7_000) / 1e9));
    expect((await create(gateway(), say('leaving'))).errors).toMatchObject([{ code: 'MODEL_UNAVAILABLE' }]);
  });

  it('something that is refused: nothing of it holds', async () => {
    await setRoute(gateway(), { name: 'kept', targets: [{ model: 'second/model' }] });
    const { errors } = await applyRoutes(gateway(), {
      routes: [
        { name: 'kept', targets: [{ model: 'first/model' }] },
        { name: 'broken', targets: [{ model: 'first/of-nobody', condition: 'what is (' }] },
      ],
    });
    expect(errors).not.toEqual([]);
    expect(await versionOf(gateway(), 'kept')).toBe(1);
    const completion = completionOf(await create(gateway(), say('kept', newQuestion())));
    expect(completion.model.name).toBe('second/model');
  });

  it('its route back and forth: each is answered as one version says', async () => {
    const set = (name: string) =>
      setRoute(gateway(), { name: 'flapping', targets: [{ model: `${name}/model` }] });
    await set('first');
    const flapping = (async () => {
      for (let turn = 0; turn < 20; turn += 1) await set(turn % 2 === 0 ? 'second' : 'first');
    })();
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        await new Promise((resolve) => setTimeout(resolve, at * 10));
        return completionOf(await create(gateway(), say('flapping', newQuestion())));
      }),
    );
    await flapping;
    for (const { id, status, text, model } of answers) {
      const { version } = await decisionOf(id);
      expect({ status, text, model }).toEqual({
        status: 'SUCCEEDED',
        text: ANSWER,
        model: { name: version % 2 === 1 ? 'first/model' : 'second/model' },
      });
    }
  });
});
