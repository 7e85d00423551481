import { afterAll, describe, expect, it } from 'vitest';
import { startVendor } from '../completion/support/vendor.ts';
import type { TestGateway } from '../support/gateway.ts';
import { NO_SERVER, useTwoInstances } from '../support/two-instances.ts';
import { listCopies } from './shadow-support.ts';
import { setRoute } from './support.ts';

const LONG = { timeout: 20_000 };
const vendor = await startVendor();
afterAll(() => vendor.close());

describe.skipIf(NO_SERVER)('two instances on one PostgreSQL', () => {
  const { one, two } = useTwoInstances({ config: { providers: [vendor.config] } });

  it('probe a model once, and both know what came of it', async () => {
    await setRoute(one(), { name: 'probed', targets: [{ model: 'vendor/model' }], probeSeconds: 3_600 });
    const call = await vendor.nextCall();
    // Time enough for the other one to want it too.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(vendor.calls).toBe(1);
    call.say('OK');
    call.finish();
    const stateOn = ({ gateway }: TestGateway) => gateway.measures.health.view('vendor/model').state;
    await expect.poll(() => [stateOn(one()), stateOn(two())], LONG).toEqual(['HEALTHY', 'HEALTHY']);
    expect(vendor.calls).toBe(1);
    expect(await listCopies(one(), ['PROBE'])).toHaveLength(1);
  });
});
