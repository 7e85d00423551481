import { afterAll, beforeEach, expect } from 'vitest';
import { create, say, type Input } from '../completion/support/completions.ts';
import { startVendor, type Call, type Vendor } from '../completion/support/vendor.ts';
import { expectNothingHeld } from '../support/books.ts';
import { useGateway, type TestGateway } from '../support/gateway.ts';
import { setRoute } from './support.ts';

/** A completion as an admin sees it. */
export interface Copy {
  id: string;
  origin: string;
  status: string;
  text: string;
  requestedModel: string;
  cost: { amount: string } | null;
  shadowOf: { id: string } | null;
}

const COPIES = `query ($origin: [CompletionOrigin!]) {
  completions(first: 100, filter: { origin: $origin }) {
    nodes { id origin status text requestedModel cost { amount } shadowOf { id } }
  }
}`;

/**
 * A gateway with a vendor `main` that answers at once with its name, and one `other` that is told by the test what to do.
 * The route `chat` leads to the first.
 */
export async function useShadows() {
  const main = await startVendor('main');
  const other = await startVendor('other');
  void answerAlways(main);
  const gateway = useGateway({
    config: {
      providers: [
        { ...main.config, region: 'eu' },
        { ...other.config, region: 'us' },
      ],
    },
  });
  beforeEach(() => Object.assign(other, { calls: 0, refusal: undefined }));
  afterAll(() => Promise.all([main, other].map((vendor) => vendor.close())));
  return {
    gateway,
    main,
    other,
    /** Sets the route `chat`, with a shadow unless said otherwise. */
    shadowed: (shadow: object = {}, name = 'chat') => setShadowed(gateway(), name, shadow),
    chat: async (key?: string, more: Input = {}) =>
      create(gateway(), say('chat', 'hi', more), key === undefined ? {} : { key }),
    copies: (key?: string) => listCopies(gateway(), ['SHADOW'], key),
    /** What became of the next copy that the vendor gets. */
    async answerNext(text: string): Promise<void> {
      const call = await other.nextCall();
      call.say(text);
      call.finish();
      await expectNothingHeld(gateway().gateway.database);
    },
    counts: (name = 'chat') => countsOf(gateway(), name),
  };
}

async function answerAlways(vendor: Vendor): Promise<void> {
  for (;;) {
    const call: Call = await vendor.nextCall();
    call.say('main');
    call.finish();
  }
}

async function setShadowed(gateway: TestGateway, name: string, shadow: object): Promise<void> {
  const { errors } = await setRoute(gateway, {
    name,
    targets: [{ model: 'main/model', retries: 0 }],
    shadow: { model: 'other/model', percent: 100, ...shadow },
  });
  expect(errors).toEqual([]);
}

export async function listCopies(gateway: TestGateway, origin: string[], key?: string): Promise<Copy[]> {
  const { data } = await gateway.ask(COPIES, { origin }, key === undefined ? {} : { key });
  return data.completions.nodes;
}

export async function countsOf(
  gateway: TestGateway,
  name: string,
): Promise<{ copied: number; dropped: number; lastDropped: string | null }> {
  const { data } = await gateway.ask(
    'query ($name: String!) { route(name: $name) { shadowCounts { copied dropped lastDropped } } }',
    { name },
  );
  return data.route.shadowCounts;
}
