import { expect } from 'vitest';
import { completionOf, create, say, type CompletionData } from '../../completion/support/completions.ts';
import { startVendor, type Vendor } from '../../completion/support/vendor.ts';
import { setRoute, type Refusal, type RouteInput } from '../../routes/support.ts';
import type { TestGateway } from '../../support/gateway.ts';

export interface MetricData {
  name: string;
  count: number;
  mean: number;
  low: number | null;
  high: number | null;
}

export interface ArmData {
  name: string;
  model: string | null;
  share: number;
  requests: number;
  failures: number;
  metrics: MetricData[];
}

export interface TrialData {
  kind: string;
  state: string;
  step: number | null;
  startedAt: string;
  endedAt: string | null;
  reason: string | null;
  winner: string | null;
  confidence: number | null;
  arms: ArmData[];
}

const TRIAL = `query ($name: String!) {
  route(name: $name) {
    trial {
      kind state step startedAt endedAt reason winner confidence
      arms { name model share requests failures metrics { name count mean low high } }
    }
  }
}`;

export async function trialOf({ ask }: TestGateway, name: string): Promise<TrialData> {
  const { data, errors } = await ask(TRIAL, { name });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.route.trial;
}

export async function armOf(gateway: TestGateway, name: string, arm: string): Promise<ArmData> {
  return (await trialOf(gateway, name)).arms.find((each) => each.name === arm)!;
}

/** The mean of a metric of an arm; undefined where it has no values. */
export function meanOf({ metrics }: ArmData, metric: string): number | undefined {
  return metrics.find(({ name }) => name === metric)?.mean;
}

/** Sets a route that must be taken. */
export async function setTrial(gateway: TestGateway, input: RouteInput): Promise<void> {
  expect((await setRoute(gateway, input)).errors).toEqual([]);
}

export async function restart({ ask }: TestGateway, name: string): Promise<Refusal[]> {
  const { data } = await ask(
    'mutation ($name: String!) { routeTrialRestart(name: $name) { errors { code message path } } }',
    { name },
  );
  return data.routeTrialRestart.errors;
}

/** A completion of somebody, settled. */
export async function askAs(
  gateway: TestGateway,
  model: string,
  endUserId?: string,
): Promise<CompletionData> {
  return completionOf(await create(gateway, say(model, 'hi', { ...(endUserId && { endUserId }) })));
}

export async function rate({ ask }: TestGateway, input: object): Promise<Refusal[]> {
  const { data } = await ask(
    `mutation ($input: CompletionRateInput!) { completionRate(input: $input) { errors { code message path } } }`,
    { input },
  );
  return data.completionRate.errors;
}

/** The arm that a completion belongs to. */
export async function armOfCompletion({ ask }: TestGateway, id: string): Promise<string | undefined> {
  const { data } = await ask('query ($id: ID!) { completion(id: $id) { route { trial { arm } } } }', { id });
  return data.completion.route?.trial?.arm;
}

/** A vendor that answers with its name, after a while if it is told to, as long as it refuses nothing. */
export interface Answering extends Vendor {
  afterMs: number;
  /** Another of its models each time: what was seen of one test's is nothing to the next one. */
  nextModel(): string;
}

export async function startAnswering(name: string, price = '1'): Promise<Answering> {
  const vendor = await startVendor(name);
  vendor.config.models = Array.from({ length: 50 }, (_, index) => ({
    id: `model-${index}`,
    price: { input: price, output: price },
  }));
  let models = 0;
  const nextModel = () => `${name}/model-${(models += 1)}`;
  const answering = Object.assign(vendor, { afterMs: 0, nextModel });
  void answerAlways(answering, name);
  return answering;
}

async function answerAlways(vendor: Answering, name: string): Promise<void> {
  for (;;) {
    const call = await vendor.nextCall();
    setTimeout(() => {
      call.say(name);
      call.finish();
    }, vendor.afterMs);
  }
}

/** End users, as many as are wanted; the same each time. */
export function users(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `user-${index}`);
}
