import { Environment, ParseError, type ASTNode } from '@marcbachmann/cel-js';
import { LRUCache } from 'lru-cache';
import type { Capability } from '../domain/model.ts';
import { atMost } from '../lib/at-most.ts';
import { readFlags } from './condition-flags.ts';
import { childrenOf, findFirst } from './condition-nodes.ts';
import type { RoutingRequest } from './request.ts';

const MAX_CHARS = 1_000;
const KEPT_CONDITIONS = 10_000;

/** The conditions of routes, each compiled once. */
export interface Conditions {
  /** Whether a condition holds, or why that cannot be said: for instance since it asks for a tag that is not there. */
  test(source: string, facts: Facts): boolean | string;
  /** The flags that a condition asks for. */
  listFlags(source: string): readonly string[];
}

/** What a condition may ask about, by its names and in the types of CEL. */
export type Facts = Readonly<Record<keyof typeof VARIABLES, unknown>>;

const VARIABLES = {
  tags: 'map<string, string>',
  team: 'string',
  endUser: 'string',
  region: 'string',
  estimatedTokens: 'int',
  capabilities: 'list<string>',
  budgetUsed: 'double',
  hour: 'int',
  flags: 'map<string, bool>',
} as const;

/**
 * All that may be called. Left out is what could take long: `matches` runs on a backtracking engine, `map`, `filter` and
 * `cel.bind` can build huge values.
 */
const FUNCTIONS = new Set(
  [
    'size',
    'contains',
    'startsWith',
    'endsWith',
    'lowerAscii',
    'upperAscii',
    'trim',
    'int',
    'double',
    'string',
  ].concat(['has', 'all', 'exists', 'exists_one']),
);
const LOOPS = new Set(['all', 'exists', 'exists_one']);

const environment = new Environment({
  limits: { maxAstNodes: 300, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 4 },
});
for (const [name, type] of Object.entries(VARIABLES)) environment.registerVariable(name, type);

/** What is wrong with a condition, as the rest of a sentence; undefined when it can be used. */
export function checkCondition(source: string): string | undefined {
  if (source.trim() === '') return 'is empty';
  if (source.length > MAX_CHARS) return `is ${source.length} characters long; at most ${MAX_CHARS} fit`;
  let ast: ASTNode;
  try {
    ({ ast } = environment.parse(source));
  } catch (error) {
    return `is no CEL: ${describe(error)}`;
  }
  const forbidden = findForbidden(ast, false) ?? readFlags(ast).fault;
  if (forbidden) return forbidden;
  const { valid, type, error } = environment.check(source);
  if (!valid) return `does not type-check: ${describe(error)}`;
  return type === 'bool' ? undefined : `has the type ${type}; it must be bool`;
}

export function createConditions(): Conditions {
  const compiled = new LRUCache<string, Compiled>(atMost(KEPT_CONDITIONS));

  function compile(source: string): Compiled {
    const made = compiled.get(source) ?? toCompiled(source);
    compiled.set(source, made);
    return made;
  }
  return {
    listFlags: (source) => compile(source).flags,
    test(source, facts) {
      try {
        const { run, flags } = compile(source);
        const result = run(flags.length === 0 ? facts : withFlags(facts, flags));
        return typeof result === 'string' ? result : result === true;
      } catch (error) {
        return `the condition cannot be told: ${describe(error)}`;
      }
    },
  };
}

interface Compiled {
  run(facts: Facts): unknown;
  flags: readonly string[];
}

function toCompiled(source: string): Compiled {
  const fault = checkCondition(source);
  if (fault !== undefined) return { run: () => `the condition ${fault}`, flags: [] };
  const run = environment.parse(source);
  return { run, flags: readFlags(run.ast).names };
}

/** A flag that nobody has told is false. */
function withFlags(facts: Facts, names: readonly string[]): Facts {
  const told = facts.flags as ReadonlyMap<string, boolean>;
  return { ...facts, flags: new Map([...names.map((name) => [name, false] as const), ...told]) };
}

export function toFacts(request: RoutingRequest, needs: readonly Capability[]): Facts {
  const { ask, team, region, inputTokens, budgetUsed, flags, at } = request;
  return {
    tags: new Map(ask.tags.map(({ key, value }) => [key, value])),
    team,
    endUser: ask.endUserId ?? '',
    region: region ?? '',
    estimatedTokens: BigInt(Math.round(inputTokens)),
    capabilities: [...needs],
    budgetUsed,
    hour: BigInt(at.getUTCHours()),
    flags: new Map(Object.entries(flags)),
  };
}

/** What of an expression is not available here, and loops within loops. */
function findForbidden(node: ASTNode, inLoop: boolean): string | undefined {
  const name = nameOfCall(node);
  if (name !== undefined && !FUNCTIONS.has(name))
    return `calls ${name}, which is not available here; there are ${[...FUNCTIONS].join(', ')}`;
  const isLoop = name !== undefined && LOOPS.has(name);
  if (isLoop && inLoop) return `has ${name} inside of another one`;
  return findFirst(childrenOf(node), (child) => findForbidden(child, inLoop || isLoop));
}

function nameOfCall({ op, args }: ASTNode): string | undefined {
  return op === 'call' || op === 'rcall' ? args[0] : undefined;
}

/** In one line, without the drawing of the source that the library adds. */
function describe(error: unknown): string {
  const { summary, range } = error as Partial<ParseError>;
  const words = summary ?? (error as Error).message.split('\n')[0] ?? '';
  return range ? `${words} (at character ${range.start + 1})` : words;
}
