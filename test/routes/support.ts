import type { TestGateway } from '../support/gateway.ts';

/** What a test says of a route that it sets; the rest gets its default. */
export interface RouteInput {
  name: string;
  strategy?: string;
  targets?: { model: string; [setting: string]: unknown }[];
  [setting: string]: unknown;
}

export interface Told {
  id: string;
  name: string;
  version: number;
  strategy: string;
  targets: { name: string; weight: number; condition: string | null }[];
}

export interface Refusal {
  code: string;
  message: string;
  path: string[] | null;
}

interface Asking {
  key?: string;
  expectedVersion?: number;
}

const PAYLOAD = `{ route { id name version strategy targets { name weight condition } } errors { code message path } }`;

/** The input of a route with one target that always answers. */
export function toInput({ name, ...rest }: RouteInput) {
  return { name, strategy: 'PRIORITY', targets: [{ model: 'demo/echo' }], ...rest };
}

export async function setRoute(
  { ask }: TestGateway,
  input: RouteInput,
  { key, expectedVersion }: Asking = {},
): Promise<{ route: Told | null; errors: Refusal[] }> {
  const { data, errors } = await ask(
    `mutation ($input: RouteSetInput!, $expectedVersion: Int) {
      routeSet(input: $input, expectedVersion: $expectedVersion) ${PAYLOAD}
    }`,
    { input: toInput(input), expectedVersion },
    key === undefined ? {} : { key },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.routeSet;
}

export async function restoreRoute(
  { ask }: TestGateway,
  variables: { name: string; version: number; expectedVersion?: number },
): Promise<{ route: Told | null; errors: Refusal[] }> {
  const { data } = await ask(
    `mutation ($name: String!, $version: Int!, $expectedVersion: Int) {
      routeRestore(name: $name, version: $version, expectedVersion: $expectedVersion) ${PAYLOAD}
    }`,
    variables,
  );
  return data.routeRestore;
}

export async function deleteRoute(
  { ask }: TestGateway,
  name: string,
  expectedVersion?: number,
): Promise<{ deletedId: string | null; errors: Refusal[] }> {
  const { data } = await ask(
    `mutation ($name: String!, $expectedVersion: Int) {
      routeDelete(name: $name, expectedVersion: $expectedVersion) { deletedId errors { code message path } }
    }`,
    { name, expectedVersion },
  );
  return data.routeDelete;
}

/** The version that a gateway has of a route; undefined for none. */
export async function versionOf({ ask }: TestGateway, name: string): Promise<number | undefined> {
  const { data } = await ask('query ($name: String!) { route(name: $name) { version } }', { name });
  return data.route?.version;
}

export interface Edit {
  name: string;
  action: string;
  version: number;
  changes: { kind: string; path: string[]; before: unknown; after: unknown }[];
}

export async function applyRoutes(
  { ask }: TestGateway,
  input: {
    routes: RouteInput[];
    delete?: string[];
    expect?: { name: string; version: number }[];
    dryRun?: boolean;
  },
): Promise<{ edits: Edit[] | null; errors: Refusal[] }> {
  const { data } = await ask(
    `mutation ($input: RoutesApplyInput!) {
      routesApply(input: $input) {
        edits { name action version changes { kind path before after } } errors { code message path }
      }
    }`,
    { input: { ...input, routes: input.routes.map(toInput) } },
  );
  return data.routesApply;
}

/** What a route has learned of each of its targets. */
export async function learnedOf(
  { ask }: TestGateway,
  name: string,
): Promise<{ name: string; pulls: number; success: number; feedback: number | null }[]> {
  const { data } = await ask(
    'query ($name: String!) { route(name: $name) { learned { name pulls success feedback } } }',
    { name },
  );
  return data.route.learned;
}

/** Its vendor wants no call of it for a moment, after which it is as it was. */
export async function restShortly({ gateway }: TestGateway, model: string): Promise<void> {
  const { health } = gateway.measures;
  if (health.begin(model))
    health.end(model, { kind: 'RATE_LIMITED', latencyMs: undefined, retryAfterMs: 10 });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
