import { AssertionError, LiquidError, UndefinedVariableError } from 'liquidjs';
import { distance } from 'fastest-levenshtein';
import { TAG_NAMES } from './engine.ts';
import { FILTERS } from './filter-rules.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { Refusal } from './work.ts';

const MAX_SHOWN_CHARS = 80;
/** Sections and the like of other languages of templates: `{{#each list}}`, `{{{name}}}`. */
const FOREIGN = /^\{\{-?\s*[{#/^>&!]/;

/** Says why a template cannot be read. */
export function explainParseFault(error: unknown, text: string, begin: number): string {
  let output = text.lastIndexOf('{{', begin + 1);
  while (text[output - 1] === '{') output -= 1;
  if (output >= 0 && FOREIGN.test(text.slice(output, begin + 2)))
    return 'write a value as {{ name }}, a list as {% for item in list %}…{% endfor %}, a condition as {% if name %}…{% endif %}';
  if (error instanceof RangeError) return 'is nested too deep';
  const said = (error as Error).message.replace(/(, file:\S+)?, line:\d+, col:\d+$/, '');
  const tag = /^tag "?(.*?)"? not found$/.exec(said)?.[1];
  if (tag !== undefined) return explainTag(tag);
  const filter = /^undefined filter: (.*)$/s.exec(said)?.[1];
  if (filter !== undefined)
    return `there is no filter ${show(filter)}${suggest(filter, [...FILTERS.keys()])}`;
  return said.replace(/^illegal tag: .*$/s, 'this tag cannot be read');
}

/** Says why values could not be rendered. It names places of the template, never a value. */
export function explainRenderFault(error: unknown): string {
  if (error instanceof UndefinedVariableError) {
    const name = show(error.token.getText());
    return `${name} has no value; give it one, or write {{ ${name.slice(1, -1)} | default: "…" }}`;
  }
  const cause = LiquidError.is(error) ? error.originalError : error;
  if (cause instanceof Refusal) return cause.message;
  if (cause instanceof AssertionError && cause.message.startsWith('template render limit'))
    return 'takes too long to render with these values';
  if (cause instanceof AssertionError && cause.message.startsWith('memory alloc limit'))
    return 'takes too much work to render with these values';
  return 'cannot be rendered with these values: a filter or a comparison does not take one of them';
}

export function sayTooMuch(): string {
  const most = TEMPLATE_LIMITS.nodes.toLocaleString('en');
  return `from here on it is too much: a prompt takes ${most} tags, outputs and texts, those of partials counted wherever they are rendered`;
}

/** A piece of a template, short enough for a message. */
export function show(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);
}

/** `; did you mean "name"?`, where one of the known names is near. */
export function suggest(name: string, known: readonly string[]): string {
  if (name.length > MAX_SHOWN_CHARS) return '';
  const [nearest] = known
    .map((one) => ({ one, far: distance(one, name) }))
    .filter(({ far }) => far <= Math.ceil(name.length / 3))
    .toSorted((a, b) => a.far - b.far);
  return nearest ? `; did you mean ${JSON.stringify(nearest.one)}?` : '';
}

function explainTag(tag: string): string {
  if (/^(end|else|elsif|when)/.test(tag)) return `${show(tag)} belongs to no block that is open here`;
  return `there is no tag ${show(tag)}; there are ${TAG_NAMES.join(', ')}`;
}
