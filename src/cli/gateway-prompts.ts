import { placeOf, placeOfPartial, type PromptDocument } from '../config/prompt-files.ts';
import type { PinnedPartial } from '../domain/prompt.ts';
import { checkPrompt, PARTIAL_NAME } from '../prompts/check-prompt.ts';
import { askGateway, type GatewayAddress } from './ask-gateway.ts';
import { shorten } from './prompt-documents.ts';

const PROMPTS = `query Prompts($after: String, $label: String) {
  prompts(first: 50, after: $after) {
    nodes {
      slug folder description
      version(label: $label) {
        messages { role template } partials { name version template }
        variables { name type schema description required default example neverLog }
        model params tools outputSchema cacheSeconds
        entity { typeName key keyType field variables { variable field type } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;
const PARTIALS = `query PromptPartials($after: String) {
  promptPartials(first: 50, after: $after) {
    nodes { name versions(first: 1) { nodes { template } } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const SLUGS = `query PromptSlugs($after: String) {
  prompts(first: 100, after: $after) { nodes { slug } pageInfo { hasNextPage endCursor } }
}`;

interface Page<Node> {
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

interface PromptNode {
  slug: string;
  folder: string;
  description: string | null;
  version: (Omit<PromptDocument, 'description'> & { partials: (PinnedPartial & { name: string })[] }) | null;
}

/** A prompt of a gateway, as it would stand in a file. */
export interface GatewayPrompt {
  slug: string;
  folder: string;
  /** Without what goes without saying. */
  document: PromptDocument;
  /** What it renders, by name. */
  partials: Record<string, PinnedPartial>;
}

/** What a gateway has, each as it would stand in a file. */
export interface GatewayPrompts {
  prompts: GatewayPrompt[];
  /** Templates, by name. */
  partials: ReadonlyMap<string, string>;
}

/**
 * The newest version of everything, or what a label stands for; then partials are what those versions copied of them, the
 * latest where they differ.
 */
export async function readPrompts(
  gateway: GatewayAddress,
  label: string | undefined,
): Promise<GatewayPrompts> {
  const found = await readAll<PromptNode>(gateway, PROMPTS, 'prompts', { label });
  const prompts = found.flatMap(toPrompt);
  const newest = await readPartials(gateway);
  const partials = label === undefined ? newest : withCopies(newest, prompts);
  for (const name of partials.keys())
    if (!PARTIAL_NAME.test(name))
      throw new Error(`the gateway has ${placeOfPartial(name)}, which is no partial`);
  return { prompts, partials };
}

export async function readSlugs(gateway: GatewayAddress): Promise<string[]> {
  return (await readAll<{ slug: string }>(gateway, SLUGS, 'prompts')).map(({ slug }) => slug);
}

/** The newest version of each, by name. */
export async function readPartials(gateway: GatewayAddress): Promise<ReadonlyMap<string, string>> {
  type Node = { name: string; versions: { nodes: { template: string }[] } };
  const found = await readAll<Node>(gateway, PARTIALS, 'promptPartials');
  return new Map(
    found.flatMap(({ name, versions: { nodes } }) => nodes.map(({ template }) => [name, template])),
  );
}

function withCopies(
  newest: ReadonlyMap<string, string>,
  prompts: readonly GatewayPrompt[],
): ReadonlyMap<string, string> {
  const copies = prompts.flatMap(({ partials }) => Object.entries(partials));
  const inOrder = copies.toSorted(([, one], [, other]) => one.version - other.version);
  return new Map([...newest, ...inOrder.map(([name, { template }]) => [name, template] as const)]);
}

async function readAll<Node>(
  gateway: GatewayAddress,
  query: string,
  field: string,
  variables: object = {},
): Promise<Node[]> {
  const all: Node[] = [];
  for (let after: string | null = null; ;) {
    const answer: Record<string, Page<Node>> = await askGateway(gateway, query, { ...variables, after });
    const { nodes, pageInfo } = answer[field]!;
    all.push(...nodes);
    if (!pageInfo.hasNextPage) return all;
    after = pageInfo.endCursor;
  }
}

/** Its slug and its folder become a path, so they have to be what the gateway itself would let be set. */
function toPrompt({ slug, folder, description, version }: PromptNode): GatewayPrompt[] {
  if (!version) return [];
  if (checkPrompt({ slug, folder, description: undefined }, []).length > 0)
    throw new Error(`the gateway has ${JSON.stringify(placeOf({ slug, folder }))}, which is no prompt`);
  const { partials: copies, ...said } = version;
  const partials = Object.fromEntries(copies.map(({ name, ...copy }) => [name, copy]));
  return [{ slug, folder, document: shorten({ description, ...said }, partials), partials }];
}
