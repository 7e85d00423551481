import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { CUT_ACTIONS, FALLBACK_REASONS, ROUTE_STRATEGIES, STICKY_KEYS } from '../domain/route.ts';
import { METRIC_GOALS } from '../domain/trial.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import type { Locate } from './config-file.ts';
import { isYaml, listFiles, readDocument } from './read-documents.ts';
import { choice, mapOf } from './rules.ts';

const text = z.string().min(1, 'is empty');
const number = z.number().optional();

const target = mapOf({
  model: text,
  weight: number,
  condition: text.optional(),
  connectMs: number,
  firstTokenMs: number,
  idleMs: number,
  timeoutMs: number,
  retries: number,
  upTo: number,
});

const shadow = mapOf({ model: text, percent: z.number(), maxConcurrent: number });

const canary = mapOf({
  model: text,
  steps: z.array(mapOf({ percent: z.number(), minutes: number, requests: number })),
  rollBackWhen: mapOf({
    afterRequests: z.number(),
    errorRateAbove: number,
    latencyRatioAbove: number,
    costRatioAbove: number,
    feedbackBelow: number,
    afterRatings: number,
  }),
  stickyBy: choice(STICKY_KEYS).optional(),
});

const experiment = mapOf({
  name: text,
  arms: z.array(mapOf({ name: text, model: text, weight: number })),
  stickyBy: choice(STICKY_KEYS).optional(),
  metric: text.optional(),
  goal: choice(METRIC_GOALS).optional(),
  confidence: number,
  minRequests: number,
});

/** What a route is, by the names of `RouteSetInput`; what the numbers may be is for the gateway to say. */
const route = mapOf({
  name: text,
  strategy: choice(ROUTE_STRATEGIES),
  stickyBy: choice(STICKY_KEYS).optional(),
  onCut: choice(CUT_ACTIONS).optional(),
  fallbackOn: z.array(choice(FALLBACK_REASONS)).optional(),
  repairs: number,
  hedgePercentile: number,
  shadow: shadow.optional(),
  probeSeconds: number,
  targets: z.array(target),
  canary: canary.optional(),
  experiment: experiment.optional(),
});

export type RouteDocument = z.output<typeof route>;

/** A route as it stands in a file. */
export interface RouteFile {
  /** Without the folder. */
  file: string;
  route: RouteDocument;
  /** File and line of a setting, such as `['targets', '0', 'model']`. */
  locate: Locate;
}

/**
 * The routes in the YAML files of a folder, by the names of the files; none where there is no such folder.
 * @throws ConfigError that lists every problem of all of them at once.
 */
export function readRouteFiles(folder: string): RouteFile[] {
  const direct = listFiles(folder, { recursive: false }).filter(isYaml);
  const read = direct.map((file) => parseRouteFile(folder, file));
  const files = read.flatMap((each) => ('route' in each ? [each] : []));
  const problems = read.flatMap((each) => ('problems' in each ? each.problems : []));
  const names = files.map((each) => each.route.name);
  for (const [index, { file, locate }] of files.entries()) {
    const first = files[names.indexOf(names[index]!)]!;
    if (first.file !== file)
      problems.push({ at: locate(['name']), setting: 'name', message: `stands in ${first.file} already` });
  }
  if (problems.length > 0) throw new ConfigError(problems, 'the folder of routes');
  return files;
}

/** @throws ConfigError that lists every problem of it; Error where there is no such file. */
export function readRouteFile(path: string): RouteFile {
  const read = parseRouteFile(dirname(path), basename(path));
  if ('problems' in read) throw new ConfigError(read.problems, path);
  return read;
}

function parseRouteFile(folder: string, file: string): RouteFile | { problems: ConfigProblem[] } {
  const read = readDocument(route, folder, file);
  if ('problems' in read) return read;
  const { document, locate } = read;
  return { file, route: document, locate };
}
