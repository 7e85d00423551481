import { describe, expect, it, vi } from 'vitest';
import { NO_SERVER, useTwoInstances } from '../../support/two-instances.ts';
import { createVersion, publish, saying, setLabel } from '../support.ts';

const NAMES = '{ __type(name: "Ai") { fields { name } } }';

describe.skipIf(NO_SERVER)('a second instance', () => {
  const { one, two } = useTwoInstances();

  it('serves what the first has published within a second', async () => {
    expect((await two().ask(NAMES)).data.__type).toBeNull();
    await publish(one(), 'shared', saying('one'));
    const ask = async () => (await two().ask('{ ai { shared { result } } }')).data?.ai.shared.result;
    await vi.waitFor(async () => expect(await ask()).toBe('one'), { timeout: 1_000, interval: 20 });
    await createVersion(one(), { slug: 'shared', version: saying('two') });
    await setLabel(one(), { slug: 'shared', label: 'production', version: 2 });
    await vi.waitFor(async () => expect(await ask()).toBe('two'), { timeout: 1_000, interval: 20 });
  });
});
