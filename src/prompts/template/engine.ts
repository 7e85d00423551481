import {
  AssignTag,
  BreakTag,
  CaptureTag,
  CaseTag,
  CommentTag,
  ContinueTag,
  ForTag,
  IfTag,
  InlineCommentTag,
  Liquid,
  RawTag,
  RenderTag,
  UnlessTag,
  defaultOperators,
  type Operators,
  type Template,
  type Context,
} from 'liquidjs';
import { HANDLERS } from './filters.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { chargeSearch, chargeValue, createTextEmitter } from './work.ts';

/** What running one tag, output or text costs beside what it writes. */
const STEP = 40;

/**
 * Every tag that templates may use. Left out are those that read files or take a partial by a name known only later
 * (`include`, `layout`), those that change what the caller gave (`increment`), and those that a prompt has no use for.
 */
const TAGS = {
  assign: AssignTag,
  break: BreakTag,
  capture: CaptureTag,
  case: CaseTag,
  comment: CommentTag,
  continue: ContinueTag,
  for: ForTag,
  if: IfTag,
  raw: RawTag,
  render: RenderTag,
  unless: UnlessTag,
  '#': InlineCommentTag,
};
export const TAG_NAMES = Object.keys(TAGS).filter((name) => name !== '#');

export const OPERATORS = countingOperators();

/**
 * A LiquidJS that reads no files, knows only our tags and filters, and counts its work.
 * @param partials by name, parsed; what is not in there when it is rendered is refused.
 */
export function createEngine(partials: ReadonlyMap<string, Template[]>): Liquid {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    relativeReference: false,
    templates: {},
    cache: {
      read: (key) => partials.get(key.slice(key.indexOf(':') + 1)),
      write: () => undefined,
      remove: () => undefined,
    },
    operators: OPERATORS,
    locale: 'en-US',
    timezoneOffset: 0,
    parseLimit: TEMPLATE_LIMITS.totalChars,
    renderLimit: TEMPLATE_LIMITS.renderMs,
    memoryLimit: TEMPLATE_LIMITS.work,
  });
  replaceAll(engine.tags, TAGS);
  replaceAll(engine.filters, HANDLERS);
  countSteps(engine);
  return engine;
}

function replaceAll<T>(known: Record<string, T>, wanted: Readonly<Record<string, T>>): void {
  for (const name of Object.keys(known)) delete known[name];
  Object.assign(known, wanted);
}

/** So that a run ends after the same number of steps on every machine, and captured text is counted too. */
function countSteps({ renderer }: Liquid): void {
  const render = renderer.renderTemplates.bind(renderer);
  renderer.renderTemplates = (templates, ctx, emitter) => {
    ctx.memoryLimit.use(STEP * (templates.length + 1));
    return render(templates, ctx, emitter ?? createTextEmitter(ctx.memoryLimit));
  };
}

/** Comparing lists means walking or writing them. */
function countingOperators(): Operators {
  const names = ['==', '!=', '<', '>', '<=', '>=', 'contains'];
  const counting = names.map((name) => {
    const plain = defaultOperators[name]!;
    const operator = (left: unknown, right: unknown, ctx: Context) => {
      const work = ctx.memoryLimit;
      if (name === 'contains' && typeof left === 'string') chargeSearch(work, left, String(right));
      else for (const side of [left, right]) if (typeof side === 'object') chargeValue(work, side);
      return plain(left, right, ctx);
    };
    return [name, operator] as const;
  });
  return { ...defaultOperators, ...Object.fromEntries(counting) };
}
