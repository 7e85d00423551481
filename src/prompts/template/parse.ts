import {
  LiquidError,
  Parser,
  Tokenizer,
  TypeGuards,
  type Liquid,
  type TagToken,
  type Template,
  type TopLevelToken,
} from 'liquidjs';
import { explainParseFault, sayTooMuch } from './explain.ts';
import type { FaultList, Source } from './faults.ts';
import { TEMPLATE_LIMITS } from './limits.ts';

const OPENERS = new Set(['if', 'unless', 'for', 'case', 'capture']);
/** They follow from a fault that was told before: the block they belong to is not there. */
const FOLLOWERS = /^(end|else|elsif|when)/;

/** Reads a template as far as it can be read, and tells every fault in it. */
export function parseTemplate(engine: Liquid, source: Source, faults: FaultList): Template[] {
  const all = readTokens(engine, source, faults);
  if (!all || !isModest(all, source, faults)) return [];
  const tokens = queueOf(all);
  const parser = new Parser(engine);
  const found: Template[] = [];
  let hasFault = false;
  while (tokens.length > 0 && !faults.isFull()) {
    const token = tokens.shift()!;
    try {
      found.push(parser.parseToken(token, tokens));
    } catch (error) {
      const isNoise = hasFault && TypeGuards.isTagToken(token) && FOLLOWERS.test(token.name);
      if (!isNoise) tell(error, { source, begin: token.begin }, faults);
      hasFault = true;
    }
  }
  return found;
}

/**
 * The names of the partials that a template renders, each once. It finds no fault: what cannot be read renders nothing,
 * and `compilePrompt` says why.
 */
export function listPartials(template: string): string[] {
  const names = new Set<string>();
  let isComment = false;
  for (const token of readTags(template)) {
    if (token.name === 'comment' || token.name === 'endcomment') isComment = token.name === 'comment';
    const name = /^(['"])([\w-]+)\1/.exec(token.args)?.[2];
    if (!isComment && token.name === 'render' && name !== undefined) names.add(name);
  }
  return [...names];
}

/** All that tags do with the tokens that follow is to take the next one, which a long array is slow at. */
function queueOf(tokens: readonly TopLevelToken[]): TopLevelToken[] {
  let next = 0;
  const queue = {
    get length() {
      return tokens.length - next;
    },
    shift: () => tokens[next++],
  };
  return queue as TopLevelToken[];
}

function readTags(template: string): TagToken[] {
  if (template.length > TEMPLATE_LIMITS.templateChars) return [];
  try {
    return new Tokenizer(template).readTopLevelTokens().filter(TypeGuards.isTagToken);
  } catch {
    return [];
  }
}

function readTokens(engine: Liquid, source: Source, faults: FaultList): TopLevelToken[] | undefined {
  try {
    return new Tokenizer(source.text, engine.options.operators).readTopLevelTokens(engine.options);
  } catch (error) {
    tell(error, { source, begin: 0 }, faults);
    return undefined;
  }
}

/** What is nested deeper than the stack of the parser, or is very long, is not worth a try. */
function isModest(tokens: TopLevelToken[], source: Source, faults: FaultList): boolean {
  let blocks = 0;
  const excess = tokens[TEMPLATE_LIMITS.nodes];
  if (excess) {
    faults.add({ source, begin: excess.begin }, sayTooMuch());
    return false;
  }
  for (const token of tokens) {
    if (TypeGuards.isHTMLToken(token)) continue;
    if (bracketsOf(token.getText()) > TEMPLATE_LIMITS.bracketDepth) {
      const message = `has brackets in brackets more than ${TEMPLATE_LIMITS.bracketDepth} deep`;
      faults.add({ source, begin: token.begin }, message);
      return false;
    }
    if (!TypeGuards.isTagToken(token)) continue;
    if (OPENERS.has(token.name)) blocks += 1;
    else if (token.name.startsWith('end')) blocks -= 1;
    if (blocks > TEMPLATE_LIMITS.blockDepth) {
      const message = `stands in more than ${TEMPLATE_LIMITS.blockDepth} blocks, one in the other`;
      faults.add({ source, begin: token.begin }, message);
      return false;
    }
  }
  return true;
}

/** How deep brackets stand in brackets, those in quoted texts left out. */
function bracketsOf(text: string): number {
  let deepest = 0;
  let depth = 0;
  for (const [mark] of text.matchAll(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[[(\])]/gs)) {
    if (mark === '[' || mark === '(') depth += 1;
    else if (mark === ']' || mark === ')') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function tell(error: unknown, place: { source: Source; begin: number }, faults: FaultList): void {
  const isPlaced = LiquidError.is(error) && error.token.input === place.source.text;
  const begin = isPlaced ? error.token.begin : place.begin;
  faults.add({ source: place.source, begin }, explainParseFault(error, place.source.text, begin));
}
