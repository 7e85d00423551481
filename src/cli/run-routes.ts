import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readRouteFiles, type RouteFile } from '../config/route-files.ts';
import { askGateway, type GatewayAddress, type UserError } from './ask-gateway.ts';
import { describeEdits, type Edit } from './describe-edits.ts';
import { toFileError } from './file-faults.ts';
import { toAddress } from './gateway-address.ts';
import { readDocuments, shorten, toYaml } from './route-documents.ts';
import { count, ensureAgreed, print } from './terminal.ts';

/** What was given on the command line. */
interface RoutesOptions {
  url?: string;
}
export interface RoutesPullOptions extends RoutesOptions {
  force?: boolean;
}
export interface RoutesPlanOptions extends RoutesOptions {
  prune?: boolean;
}
export interface RoutesApplyOptions extends RoutesPlanOptions {
  yes?: boolean;
}

const APPLY = `mutation RoutesApply($input: RoutesApplyInput!) {
  routesApply(input: $input) {
    edits { name action version changes { kind path before after } }
    errors { code message path }
  }
}`;

interface Wanted {
  files: RouteFile[];
  remove: string[];
}

/** Writes each route of the gateway to a file of its own; one that says something else already stays, unless forced. */
export async function runRoutesPull(folder: string, options: RoutesPullOptions): Promise<void> {
  const files = new Map(readRouteFiles(folder).map((each) => [each.route.name, each]));
  const documents = await readDocuments(toAddress(options, 'ROUTES_WRITE'));
  await mkdir(folder, { recursive: true });
  const kept: string[] = [];
  for (const document of documents) {
    const known = files.get(document.name);
    if (known && isDeepStrictEqual(shorten(known.route), document)) continue;
    const file = join(folder, known?.file ?? `${document.name}.yaml`);
    if (known && !options.force) {
      kept.push(file);
      continue;
    }
    await writeFile(file, toYaml(document));
    print(`wrote ${file}`);
  }
  print(count(documents.length, 'route'));
  if (kept.length > 0) throw new Error(`what differs was kept: ${kept.join(', ')}; --force writes over it`);
}

/** Prints what applying the files would change, and changes nothing. */
export async function runRoutesPlan(folder: string, options: RoutesPlanOptions): Promise<void> {
  await plan(folder, toAddress(options, 'ROUTES_WRITE'), options);
}

/** Prints the same, asks, and makes the routes what the files say: all of them, as they were shown, or none. */
export async function runRoutesApply(folder: string, options: RoutesApplyOptions): Promise<void> {
  const gateway = toAddress(options, 'ROUTES_WRITE');
  const { wanted, edits } = await plan(folder, gateway, options);
  if (edits.every(({ action }) => action === 'UNCHANGED')) return;
  if (!options.yes) await ensureAgreed('Apply this?');
  const expect = edits.map(({ name, version }) => ({ name, version }));
  await apply(gateway, wanted, { expect });
  print('applied');
}

async function plan(folder: string, gateway: GatewayAddress, { prune }: RoutesPlanOptions) {
  const files = readRouteFiles(folder);
  if (files.length === 0)
    throw new Error(`there is no route in ${folder}; "routes pull" writes those there are`);
  const names = new Set(files.map(({ route }) => route.name));
  const others = (await readDocuments(gateway)).map(({ name }) => name).filter((name) => !names.has(name));
  const wanted = { files, remove: prune ? others : [] };
  const edits = await apply(gateway, wanted, { dryRun: true });
  process.stdout.write(describeEdits(edits));
  if (!prune && others.length > 0) print(`in no file, and kept without --prune: ${others.join(', ')}`);
  return { wanted, edits };
}

async function apply(
  gateway: GatewayAddress,
  { files, remove }: Wanted,
  how: { dryRun?: boolean; expect?: { name: string; version: number }[] },
): Promise<Edit[]> {
  const input = { routes: files.map(({ route }) => route), delete: remove, ...how };
  const { routesApply } = await askGateway<{
    routesApply: { edits: Edit[] | null; errors: UserError[] };
  }>(gateway, APPLY, { input });
  const { edits, errors } = routesApply;
  if (edits) return edits;
  throw toFileError(errors, (path) => locateIn(files, path), 'the folder of routes');
}

function locateIn(files: readonly RouteFile[], [, list, index, ...setting]: readonly string[]) {
  const file = list === 'routes' ? files[Number(index)] : undefined;
  return file && { at: file.locate(setting), setting: setting.join('.') };
}
