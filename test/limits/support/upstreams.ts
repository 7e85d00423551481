import type { TestGateway } from '../../support/gateway.ts';

export interface Upstream {
  model: string;
  window: number;
  inFlight: number;
  queued: number;
  pausedMs: number;
}

/** How `vendor/model` is doing, as an admin is told; undefined when it was never called. */
export async function findUpstream(gateway: TestGateway): Promise<Upstream | undefined> {
  const { data, errors } = await gateway.ask(
    '{ providers { name upstreams { model window inFlight queued pausedMs } } }',
  );
  if (errors) throw new Error(JSON.stringify(errors));
  const providers = data.providers as { upstreams: Upstream[] }[];
  return providers.flatMap(({ upstreams }) => upstreams).find(({ model }) => model === 'vendor/model');
}

/** Looks until it is as awaited. */
export async function waitForUpstream(
  gateway: TestGateway,
  isAwaited: (upstream: Upstream) => boolean,
): Promise<Upstream> {
  for (;;) {
    const found = await findUpstream(gateway);
    if (found && isAwaited(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
