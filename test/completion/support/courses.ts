import { expect } from 'vitest';
import type { CutAction, FallbackReason, RouteTarget, TargetTimeouts } from '../../../src/domain/route.ts';
import { FALLBACK_REASONS } from '../../../src/domain/route.ts';
import type { TestGateway } from '../../support/gateway.ts';

/** The models that may answer, in their order, and how they are asked. */
export interface CourseSetting {
  models: ({ name: string; timeouts?: TargetTimeouts } & Partial<Pick<RouteTarget, 'retries'>>)[];
  onCut?: CutAction;
  fallbackOn?: FallbackReason[];
  repairs?: number;
  hedgePercentile?: number;
}

/** The route that stands for the course that was set last. */
export const COURSE = 'course';

/** From now on whoever asks for `COURSE` is answered in this way. */
export async function setCourse(
  gateway: TestGateway,
  { models, fallbackOn = [...FALLBACK_REASONS], ...rest }: CourseSetting,
): Promise<void> {
  const targets = models.map(({ name, timeouts: { totalMs, ...timeouts } = {}, retries = 0 }) => ({
    model: name,
    retries,
    ...timeouts,
    ...(totalMs !== undefined && { timeoutMs: totalMs }),
  }));
  const input = { name: COURSE, strategy: 'PRIORITY', targets, fallbackOn, ...rest };
  const { data } = await gateway.ask(
    'mutation ($input: RouteSetInput!) { routeSet(input: $input) { errors { message path } } }',
    { input },
  );
  expect(data.routeSet.errors).toEqual([]);
}

/** As if a model had been answering for a while, and had always taken this long for its first words. */
export function answersAfter({ gateway }: TestGateway, model: string, latencyMs: number): void {
  const { health } = gateway.measures;
  for (let call = 0; call < 200; call += 1) {
    health.begin(model);
    health.end(model, { kind: 'OK', latencyMs, retryAfterMs: undefined });
  }
}
