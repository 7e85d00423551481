import { describe, expect, it, vi } from 'vitest';
import { NO_SERVER, useTwoInstances } from '../../support/two-instances.ts';
import { createVersion, publish, saying, setLabel } from '../support.ts';

const NAMES = '{ type: __type(name: "Ai") { fields { name } } }';

describe.skipIf(NO_SERVER)('a second instance', () => {
  const { one, two } = useTwoInstances();

  // Well before what a book knows is read anew by itself.
  const soon = { timeout: 4_000, interval: 20 };

  it('serves what the first has published, as soon as it is told', async () => {
    expect((await two().ask(NAMES)).data.type).toBeNull();
    await publish(one(), 'shared', saying('one'));
    const ask = async () => (await two().ask('{ ai { shared { result } } }')).data?.ai.shared.result;
    await vi.waitFor(async () => expect(await ask()).toBe('one'), soon);
    await createVersion(one(), { slug: 'shared', version: saying('two') });
    await setLabel(one(), { slug: 'shared', label: 'production', version: 2 });
    await vi.waitFor(async () => expect(await ask()).toBe('two'), soon);
  });
});
