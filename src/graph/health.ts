import type { Health as Healths } from '../routing/health.ts';
import { builder } from './builder.ts';
import { Model } from './model.ts';
import { Provider } from './provider.ts';

/** From the best to the worst; of nobody called lately nothing is known. */
const STATES = ['UNKNOWN', 'HEALTHY', 'DEGRADED', 'DOWN'] as const;

interface HealthRow {
  state: (typeof STATES)[number];
  errorRate: number;
  p50FirstTokenMs: number | undefined;
  p95FirstTokenMs: number | undefined;
  inFlight: number;
  restingMs: number;
}

export const HealthState = builder.enumType('HealthState', {
  description: `UNKNOWN: it was not called lately. DEGRADED: many of its calls fail, or it rests for a while. DOWN: its circuit is
open, so that routes pass it over.`,
  values: STATES,
});

const Health = builder.objectRef<HealthRow>('Health').implement({
  description:
    'How a model is doing, as all instances see it together; a provider as its model that does worst, with the calls of all.',
  fields: (t) => ({
    state: t.field({ type: HealthState, resolve: ({ state }) => state }),
    errorRate: t.exposeFloat('errorRate', {
      description: 'Share of its last calls that failed, from 0 to 1.',
    }),
    p50FirstTokenMs: t.int({ nullable: true, resolve: ({ p50FirstTokenMs }) => p50FirstTokenMs }),
    p95FirstTokenMs: t.int({ nullable: true, resolve: ({ p95FirstTokenMs }) => p95FirstTokenMs }),
    inFlight: t.exposeInt('inFlight', { description: 'Calls under way.' }),
    restingMs: t.exposeInt('restingMs', { description: 'Until routes call it again; 0 when they do.' }),
  }),
});

function healthOf(healths: Healths, model: string): HealthRow {
  const { state, errorRate, inFlight, restingMs } = healths.view(model);
  const usualMs = (percentile: number) => {
    const ms = healths.usualMs(model, percentile);
    return ms === undefined ? undefined : Math.round(ms);
  };
  return {
    state,
    errorRate,
    p50FirstTokenMs: usualMs(50),
    p95FirstTokenMs: usualMs(95),
    inFlight,
    restingMs: Math.ceil(restingMs),
  };
}

builder.objectField(Model, 'health', (t) =>
  t.field({
    type: Health,
    resolve: ({ name }, _args, { gateway }) => healthOf(gateway.measures.health, name),
  }),
);

builder.objectField(Provider, 'health', (t) =>
  t.field({
    type: Health,
    resolve({ name }, _args, { gateway }) {
      const { health } = gateway.measures;
      const all = health
        .listKnown()
        .filter((model) => model.startsWith(`${name}/`))
        .map((model) => healthOf(health, model));
      const worst = all.toSorted(
        (a, b) => STATES.indexOf(b.state) - STATES.indexOf(a.state) || b.restingMs - a.restingMs,
      )[0];
      const inFlight = all.reduce((sum, each) => sum + each.inFlight, 0);
      return { ...(worst ?? healthOf(health, name)), inFlight };
    },
  }),
);
