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

type Seen = { number: number; message: string | undefined; answer: unknown };

it('is rolled back under load: each request sees one version, in its types and in its answer', async () => {
  let isOver = false;
  const seen: Seen[] = [];
  async function askOnAndOn(number: number): Promise<void> {
    while (!isOver) {
      const { data, errors } = await ask(number);
      seen.push({ number, message: errors?.[0]?.message, answer: data?.ai.versioned });
    }
  }
  const asking = Promise.all(
    Array.from({ length: ASKERS }, (_, asker) => askOnAndOn(1 + (asker % VERSIONS))),
  );
  for (let move = 0; move < MOVES; move += 1) {
    const version = 1 + (move % VERSIONS);
    await setLabel(gateway(), { slug: 'versioned', label: 'production', version });
    // Whoever has published it sees it from the next request on.
    expect((await ask(version)).data.ai.versioned.result).toEqual({ [`v${version}`]: version });
  }
  isOver = true;
  await asking;
  const answered = seen.filter(({ message }) => message === undefined);
  expect(new Set(answered.map(({ number }) => number)).size).toBe(VERSIONS);
  expect(answered.map(({ answer }) => answer)).toEqual(
    answered.map(({ number }) => {
      const result = { [`v${number}`]: number };
      return { result, completion: { object: result, promptVersion: { number } }, errors: [] };
    }),
  );
  // Of the others that version was not published at that moment, and so its member was not in the graph.
  for (const { number, message } of seen.filter((each) => !answered.includes(each)))
    expect(message).toMatch(`Cannot query field "v${number}"`);
});
