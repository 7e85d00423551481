import { describe, expect, it } from 'vitest';
import type { TestGateway } from '../../support/gateway.ts';
import { useGateway } from '../../support/gateway.ts';
import { NO_SERVER, useTwoInstances } from '../../support/two-instances.ts';
import { createVersion, publish, saying } from '../support.ts';
import { act, moveLabel, setPartial } from './support.ts';

/** What a completion says, and which version wrote what it says. */
async function complete(gateway: TestGateway): Promise<{ text: string; number: number }> {
  const { completion, errors } = await act(
    gateway,
    `mutation { completionCreate(input: { source: { prompt: { slug: "greet", variables: { name: "Ada" } } } }) {
      completion { text promptVersion { number } } errors { message }
    } }`,
  );
  expect(errors).toEqual([]);
  return { text: completion.text, number: completion.promptVersion.number };
}

/** Two versions that each say which one they are, in two messages. */
async function publishTwo(gateway: TestGateway): Promise<void> {
  const version = (number: number) => ({
    ...saying(''),
    messages: [
      { role: 'SYSTEM', template: `You are version ${number}.` },
      { role: 'USER', template: `Version ${number} greets {{ name }}.` },
    ],
  });
  await publish(gateway, 'greet', version(1));
  await createVersion(gateway, { slug: 'greet', version: version(2) });
}

/** Flips the label while completions run; each must have been written by one version as a whole. */
async function expectOneVersionEach(flip: TestGateway, ask: () => TestGateway): Promise<Set<number>> {
  let over = false;
  const seen = new Set<number>();
  const asking = Array.from({ length: 8 }, async () => {
    while (!over) {
      const { text, number } = await complete(ask());
      expect(text).toBe(`Version ${number} greets Ada.`);
      seen.add(number);
    }
  });
  try {
    for (let flips = 0; flips < 20; flips += 1)
      await moveLabel(flip, { slug: 'greet', label: 'production', version: 1 + (flips % 2) });
  } finally {
    over = true;
  }
  await Promise.all(asking);
  return seen;
}

describe('one instance', () => {
  const gateway = useGateway();

  it('rolled back under load answers each request by exactly one version', async () => {
    await publishTwo(gateway());
    expect(await expectOneVersionEach(gateway(), gateway)).toEqual(new Set([1, 2]));
    // What is published when the mutation has answered is what the next request gets.
    for (const version of [1, 2, 1, 2]) {
      await moveLabel(gateway(), { slug: 'greet', label: 'production', version });
      expect((await complete(gateway())).number).toBe(version);
    }
  });
});

describe.skipIf(NO_SERVER)('two instances on one PostgreSQL', () => {
  const { one, two } = useTwoInstances();

  it('serve what the other has published within a second, and each request by exactly one version', async () => {
    await publishTwo(one());
    await expect.poll(() => complete(two()).then(({ number }) => number), { timeout: 1_000 }).toBe(1);
    for (const version of [2, 1]) {
      await moveLabel(one(), { slug: 'greet', label: 'production', version });
      await expect.poll(() => complete(two()).then(({ number }) => number), { timeout: 1_000 }).toBe(version);
    }
    let turn = 0;
    const either = () => ((turn += 1) % 2 === 0 ? one() : two());
    expect(await expectOneVersionEach(one(), either)).toEqual(new Set([1, 2]));
  });

  it('change prompts one after the other', async () => {
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        createVersion(at % 2 === 0 ? one() : two(), { slug: 'greet', version: saying(`Another ${at}`) }),
      ),
    );
    const numbers = made.map(({ promptVersion }) => promptVersion!.number);
    expect(numbers.toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    await Promise.all([one(), two()].map((each, at) => setPartial(each, 'tone', `Text ${at}`)));
    const { data } = await one().ask('{ promptPartials { nodes { version } } }');
    expect(data.promptPartials.nodes).toEqual([{ version: 2 }]);
  });
});
