import { readRouteFile, type RouteFile } from '../config/route-files.ts';
import { askGateway, type UserError } from './ask-gateway.ts';
import { describeSimulation, type Simulated } from './describe-simulation.ts';
import { toFileError } from './file-faults.ts';
import { toAddress } from './gateway-address.ts';

/** What was given on the command line, all of it text. */
export interface RoutesSimulateOptions {
  url?: string;
  from?: string;
  to?: string;
  of?: string;
  limit?: string;
}

const WEEK_MS = 7 * 86_400_000;
const SIDE = `requests cost { amount } unpriced latencyP50Ms latencyP95Ms failures refusals
  shares { name requests share cost { amount } }`;
const SIMULATE = `query RouteSimulate($input: SimulateRouteInput!) {
  simulateRoute(input: $input) {
    simulation { requests sampled baseline { ${SIDE} } draft { ${SIDE} } refusalReasons { code name requests } notes }
    errors { code message path }
  }
}`;

/** Prints what the route of a file would have made of the requests of a range. Nothing is changed. */
export async function runRoutesSimulate(path: string, options: RoutesSimulateOptions): Promise<void> {
  const file = readRouteFile(path);
  const { from = new Date(Date.now() - WEEK_MS).toISOString(), to } = options;
  const input = {
    draft: file.route,
    range: { from: toInstant('from', from), to: to === undefined ? undefined : toInstant('to', to) },
    of: options.of?.split(',').map((name) => name.trim()),
    limit: options.limit === undefined ? undefined : toCount('limit', options.limit),
  };
  const { simulateRoute } = await askGateway<{
    simulateRoute: { simulation: Simulated | null; errors: UserError[] };
  }>(toAddress(options, 'ROUTES_WRITE'), SIMULATE, { input });
  const { simulation, errors } = simulateRoute;
  if (!simulation) throw toFileError(errors, (at) => locateIn(file, at), file.file);
  process.stdout.write(describeSimulation(simulation));
}

function locateIn(file: RouteFile, [, member, ...setting]: readonly string[]) {
  return member === 'draft' ? { at: file.locate(setting), setting: setting.join('.') } : undefined;
}

function toCount(option: string, given: string): number {
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw new Error(`--${option} is ${JSON.stringify(given)}; it must be a number of requests`);
}

function toInstant(option: string, given: string): string {
  const at = new Date(given);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  throw new Error(
    `--${option} is ${JSON.stringify(given)}; it must be an instant such as 2026-03-01T00:00:00Z`,
  );
}
