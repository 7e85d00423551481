import {
  AssignTag,
  CaptureTag,
  CaseTag,
  ForTag,
  IfTag,
  Output,
  RenderTag,
  Tag,
  Tokenizer,
  UnlessTag,
  type Hash,
  type TagToken,
  type Template,
  type Token,
  type Value,
} from 'liquidjs';
import { OPERATORS } from './engine.ts';
import { sayTooMuch, show, suggest } from './explain.ts';
import { readValue } from './expressions.ts';
import { nameFault, TEMPLATE_LIMITS } from './limits.ts';
import { isLiteral, itemOf, literalType, NEEDED, readOperand } from './operands.ts';
import { createShape, type Shape } from './shape.ts';
import { inBlock, inPartial, markUse, type Spot, type Walk } from './walk.ts';

const TESTED = { mayMiss: true, purpose: 'TESTED' } as const;

/** Goes through a template and all that it renders, and notes what it wants of the variables. */
export function walkTemplates(walk: Walk, spot: Spot, templates: readonly Template[]): void {
  if (spot.depth > TEMPLATE_LIMITS.blockDepth) {
    const begin = templates[0]?.token.begin ?? 0;
    const message = `stands in more than ${TEMPLATE_LIMITS.blockDepth} blocks, one in the other`;
    walk.faults.add({ source: spot.source, begin }, message);
    return;
  }
  for (const template of templates) {
    walk.left -= 1;
    if (walk.left >= 0) walkTemplate(walk, spot, template);
    else if (walk.left === -1)
      walk.faults.add({ source: spot.source, begin: template.token.begin }, sayTooMuch());
  }
}

function walkTemplate(walk: Walk, spot: Spot, template: Template): void {
  if (template instanceof Output) return walkOutput(walk, spot, template);
  if (template instanceof AssignTag) walkAssign(walk, spot, template);
  else if (template instanceof CaptureTag) walkCapture(walk, spot, template);
  else if (template instanceof IfTag || template instanceof UnlessTag) walkBranches(walk, spot, template);
  else if (template instanceof ForTag) walkFor(walk, spot, template);
  else if (template instanceof CaseTag) walkCase(walk, spot, template);
  else if (template instanceof RenderTag) walkRender(walk, spot, template);
  else return;
  checkRest(walk, spot, (template as Tag).token.tokenizer);
}

function walkOutput(walk: Walk, spot: Spot, { value, token }: Output): void {
  const { contentRange } = token as TagToken;
  const again = new Tokenizer(token.input, OPERATORS, undefined, contentRange);
  again.readFilteredValue();
  checkRest(walk, spot, again);
  const { shape } = readValue(walk, spot, value, { ...NEEDED, at: contentRange[0] });
  if (!shape?.isImage || value.filters.length > 0) return;
  const place = { source: spot.source, begin: token.begin };
  if (spot.isCaptured) walk.faults.add(place, 'an IMAGE cannot be captured: that would make it a text');
  if (spot.role !== 'USER')
    walk.faults.add(
      place,
      `an IMAGE can only stand in a message of role USER; this one is of role ${spot.role}`,
    );
}

/** What LiquidJS passes over in silence is a mistake. */
function checkRest({ faults }: Walk, { source }: Spot, tokenizer: Tokenizer): void {
  tokenizer.skipBlank();
  if (tokenizer.end()) return;
  faults.add({ source, begin: tokenizer.p }, `${show(tokenizer.remaining())} has no meaning here`);
}

function checkName({ faults }: Walk, { source }: Spot, name: string, begin: number): void {
  const fault = nameFault(name);
  if (fault) faults.add({ source, begin }, fault);
}

function walkAssign(walk: Walk, spot: Spot, tag: AssignTag): void {
  const { key, value, token } = tag as unknown as { key: string; value: Value; token: Token };
  checkName(walk, spot, key, token.begin);
  const { shape } = readValue(walk, spot, value, { ...NEEDED, at: token.begin });
  spot.own.names.set(key, shape ?? createShape());
}

function walkCapture(walk: Walk, spot: Spot, { variable, templates, token }: CaptureTag): void {
  checkName(walk, spot, variable, token.begin);
  walkTemplates(walk, { ...inBlock(spot), isCaptured: true }, templates);
  spot.own.names.set(variable, createShape());
}

function walkBranches(walk: Walk, spot: Spot, tag: IfTag | UnlessTag): void {
  tag.branches.forEach(({ value, templates }, index) => {
    const { found } = readValue(walk, spot, value, { ...TESTED, at: tag.token.begin });
    const isDenied = tag instanceof UnlessTag && index === 0;
    walkTemplates(walk, inBlock(spot, { found: isDenied ? [] : found }), templates);
  });
  walkTemplates(walk, inBlock(spot), tag.elseTemplates ?? []);
}

function walkFor(walk: Walk, spot: Spot, tag: ForTag): void {
  const { variable, collection, hash, token } = tag;
  checkName(walk, spot, variable, token.begin);
  const list = readOperand(walk, spot, collection, NEEDED).at(-1);
  const item = list ? itemOf(walk, spot, list, collection.begin) : createShape();
  for (const [key, value] of Object.entries(hash.hash)) {
    if (!['limit', 'offset', 'reversed'].includes(key) || (key !== 'reversed' && !value))
      walk.faults.add({ source: spot.source, begin: token.begin }, `${show(key)} has no meaning in "for"`);
    if (!value || (key === 'offset' && value.getText() === 'continue')) continue;
    const shape = readOperand(walk, spot, value, NEEDED).at(-1);
    if (shape) markUse(walk, spot, shape, 'NUMBER', value.begin);
  }
  walkTemplates(walk, inBlock(spot, { names: { [variable]: item, forloop: createShape() } }), tag.templates);
  walkTemplates(walk, inBlock(spot), tag.elseTemplates);
}

function walkCase(walk: Walk, spot: Spot, tag: CaseTag): void {
  const { shape } = readValue(walk, spot, tag.value, {
    mayMiss: true,
    purpose: 'SHOWN',
    at: tag.token.begin,
  });
  for (const { values, templates } of tag.branches) {
    for (const value of values) {
      const type = literalType(value);
      if (type) shape?.hints.add(type);
      // Comparing two lists takes time that nothing counts.
      if (!isLiteral(value))
        walk.faults.add(
          { source: spot.source, begin: value.begin },
          'after "when" stands a text, a number, true, false or nil',
        );
    }
    walkTemplates(walk, inBlock(spot), templates);
  }
  walkTemplates(walk, inBlock(spot), tag.elseTemplates);
}

/** The parts of a `render`, of which the types say nothing. */
interface RenderParts {
  file: unknown;
  hash: Hash;
  with?: { value: Token; alias?: string };
  forBinding?: { value: Token; alias?: string };
  token: Token;
}

function walkRender(walk: Walk, spot: Spot, tag: RenderTag): void {
  const parts = tag as unknown as RenderParts;
  const given = readGiven(walk, spot, parts);
  const place = { source: spot.source, begin: parts.token.begin };
  if (typeof parts.file !== 'string')
    return walk.faults.add(place, `a partial is named by a quoted text, as in {% render 'name' %}`);
  const partial = walk.partials.get(parts.file);
  if (!partial)
    return walk.faults.add(
      place,
      `there is no partial ${show(parts.file)}${suggest(parts.file, [...walk.partials.keys()])}`,
    );
  const trail = [...spot.trail, parts.file];
  if (spot.trail.includes(parts.file))
    return walk.faults.add(place, `a partial cannot render itself: ${trail.join(' renders ')}`);
  walkTemplates(walk, inPartial(spot, parts.file, partial.source, given), partial.templates);
}

/** What a partial is given, by the names that it has there. */
function readGiven(walk: Walk, spot: Spot, parts: RenderParts): Map<string, Shape> {
  const given = new Map<string, Shape>();
  const { begin } = parts.token;
  const give = (name: string, value: Token) => {
    checkName(walk, spot, name, begin);
    given.set(
      name,
      readOperand(walk, spot, value, { mayMiss: false, purpose: 'PASSED' }).at(-1) ?? createShape(),
    );
  };
  for (const [name, value] of Object.entries(parts.hash.hash)) {
    if (value) give(name, value);
    else walk.faults.add({ source: spot.source, begin }, `${show(name)} has no value; write ${name}: value`);
  }
  if (parts.with) give(parts.with.alias ?? String(parts.file), parts.with.value);
  if (!parts.forBinding) return given;
  const { alias, value } = parts.forBinding;
  const list = readOperand(walk, spot, value, NEEDED).at(-1);
  if (alias === undefined)
    walk.faults.add(
      { source: spot.source, begin },
      `name the member, as in {% render 'name' for list as item %}`,
    );
  else checkName(walk, spot, alias, begin);
  given.set(alias ?? '', list ? itemOf(walk, spot, list, value.begin) : createShape());
  given.set('forloop', createShape());
  return given;
}
