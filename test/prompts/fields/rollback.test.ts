import { beforeAll, expect, it } from 'vitest';
import { useGateway } from '../../support/gateway.ts';
import { createVersion, publish, setLabel } from '../support.ts';
import { summarising } from './support.ts';

const gateway = useGateway();
const VERSIONS = 3;
const ASKERS = 6;
const MOVES = 6;

/** Each version says in its answer which it is, and only its own types can show it. */
const numbered = (number: number) =>
  summarising(
    { type: 'object', required: [`v${number}`], properties: { [`v${number}`]: { const: number } } },
    { model: 'demo/assistant' },
  );

beforeAll(async () => {
  await publish(gateway(), 'versioned', numbered(1));
  for (let number = 2; number <= VERSIONS; number += 1)
    await createVersion(gateway(), { slug: 'versioned', version: numbered(number) });
});

const ask = (number: number) =>
  gateway().ask(`{ ai { versioned(ticket: { title: "a", body: "b" }) {
    result { v${number} } completion { object promptVersion { number } } errors { code }
  } } }`);

it('is rolled back under load: each request sees one version, in its types and in its answer', async () => {
  let isOver = false;
  const seen = new Set<number>();
  async function askOnAndOn(asker: number): Promise<void> {
    while (!isOver) {
      const number = 1 + (asker % VERSIONS);
      const { data, errors } = await ask(number);
      // That version is not published at this moment, and so its member is not in the graph.
      if (errors) expect(errors[0]?.message).toMatch(new RegExp(`Cannot query field "v${number}"`));
      else {
        const { result, completion } = data.ai.versioned;
        expect(result).toEqual({ [`v${number}`]: number });
        expect(completion).toEqual({ object: result, promptVersion: { number } });
        seen.add(number);
      }
    }
  }
  const asking = Promise.all(Array.from({ length: ASKERS }, (_, asker) => askOnAndOn(asker)));
  for (let move = 0; move < MOVES; move += 1) {
    const version = 1 + (move % VERSIONS);
    await setLabel(gateway(), { slug: 'versioned', label: 'production', version });
    // Whoever has published it sees it from the next request on.
    expect((await ask(version)).data.ai.versioned.result).toEqual({ [`v${version}`]: version });
  }
  isOver = true;
  await asking;
  expect(seen.size).toBe(VERSIONS);
});
