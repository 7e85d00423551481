import type { Template } from 'liquidjs';
import type { PromptMessage, PromptVariable } from '../../domain/prompt.ts';
import type { FaultList, Place, Source } from './faults.ts';
import { nameFault, TEMPLATE_LIMITS } from './limits.ts';
import { createShape, type Shape, type Use } from './shape.ts';

export interface ParsedTemplate {
  source: Source;
  templates: Template[];
}

/** One going through all that the messages of a prompt say. */
export interface Walk {
  partials: ReadonlyMap<string, ParsedTemplate>;
  declared: ReadonlyMap<string, PromptVariable>;
  faults: FaultList;
  /** By name: what is known of the variables that were seen. */
  variables: Map<string, Shape>;
  /** How many tags, outputs and texts may still follow. */
  left: number;
}

/** Names that a template has given itself, the innermost loop first. */
interface Scope {
  names: Map<string, Shape>;
  outer: Scope | undefined;
}

/** Where in a message the walk is. */
export interface Spot {
  source: Source;
  role: PromptMessage['role'];
  scope: Scope;
  /** Of the message or partial: what `assign` and `capture` write to. */
  own: Scope;
  /** What an `if` around has found to be there. */
  found: ReadonlySet<Shape>;
  isCaptured: boolean;
  depth: number;
  /** The partials around, the outermost first. */
  trail: readonly string[];
}

export function spotOf(source: Source, role: PromptMessage['role']): Spot {
  const own: Scope = { names: new Map(), outer: undefined };
  return { source, role, scope: own, own, found: new Set(), isCaptured: false, depth: 0, trail: [] };
}

/** Within a block, in which more names or values may be known. */
export function inBlock(spot: Spot, { names = {}, found = [] }: Known = {}): Spot {
  const entries = Object.entries(names);
  const scope = entries.length > 0 ? { names: new Map(entries), outer: spot.scope } : spot.scope;
  const all = found.length > 0 ? new Set([...spot.found, ...found]) : spot.found;
  return { ...spot, scope, found: all, depth: spot.depth + 1 };
}

interface Known {
  names?: Record<string, Shape>;
  found?: readonly Shape[];
}

/** In a partial, which sees the variables of the prompt and what it is given, and no other names. */
export function inPartial(spot: Spot, name: string, source: Source, given: Map<string, Shape>): Spot {
  const own: Scope = { names: given, outer: undefined };
  return { ...spot, source, scope: own, own, depth: spot.depth + 1, trail: [...spot.trail, name] };
}

/** What a name stands for here: what the template called so, or else a variable. */
export function findShape(walk: Walk, spot: Spot, name: string, begin: number): Shape {
  for (let scope: Scope | undefined = spot.scope; scope; scope = scope.outer) {
    const known = scope.names.get(name);
    if (known) return known;
  }
  const seen = walk.variables.get(name);
  if (seen) return seen;
  const shape = createShape();
  shape.isImage = walk.declared.get(name)?.type === 'IMAGE';
  walk.variables.set(name, shape);
  checkNew(walk, { source: spot.source, begin }, name);
  return shape;
}

function checkNew({ variables, faults }: Walk, place: Place, name: string): void {
  const fault = nameFault(name);
  if (fault) faults.add(place, fault);
  if (variables.size === TEMPLATE_LIMITS.variables + 1)
    faults.add(
      place,
      `${name} is one variable too many; a prompt takes at most ${TEMPLATE_LIMITS.variables}`,
    );
}

export function markUse(walk: Walk, spot: Spot, shape: Shape, use: Use, begin: number): void {
  const place = { source: spot.source, begin };
  if (shape.isImage) {
    walk.faults.add(place, 'an IMAGE can only be written alone, as in {{ photo }}, or tested');
    return;
  }
  shape.isShown = true;
  if (!shape.uses.has(use)) shape.uses.set(use, place);
}
