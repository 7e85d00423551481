import { Context, LiquidError, toValueSync, type Emitter, type Liquid } from 'liquidjs';
import { ASK_LIMITS, type AskMessage, type AskPart } from '../../domain/ask.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { PromptMessage } from '../../domain/prompt.ts';
import { explainRenderFault } from './explain.ts';
import { lineAndColumn, type Source } from './faults.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import type { ParsedTemplate } from './walk.ts';
import { ImageValue, print, Refusal } from './work.ts';

export interface ParsedMessage extends ParsedTemplate {
  role: PromptMessage['role'];
}

/**
 * Writes the messages. Text stands exactly as the template and the values say; white space goes only where a template
 * takes it away (`{%-`, `-%}`). What has no text but white space is left out, and so is a message with nothing in it.
 * @param values by name; `ImageValue` for an image.
 * @param sources where a fault may stand.
 * @throws InvalidInput with the place where it failed; it names no value.
 */
export function renderMessages(
  engine: Liquid,
  messages: readonly ParsedMessage[],
  sources: readonly Source[],
  values: Record<string, unknown>,
  signal: AbortSignal | undefined,
): AskMessage[] {
  const options = { sync: true, globals: values };
  const limits = new Context({}, engine.options, options, { liquid: engine });
  const chars = { left: TEMPLATE_LIMITS.outputChars };
  const written = messages.flatMap(({ role, source, templates }) => {
    signal?.throwIfAborted();
    const { memoryLimit, renderLimit } = limits;
    const context = new Context(values, engine.options, options, {
      liquid: engine,
      memoryLimit,
      renderLimit,
    });
    const emitter = createPartEmitter(context, chars);
    try {
      toValueSync(engine.renderer.renderTemplates(templates, context, emitter));
    } catch (error) {
      throw toInvalidInput(error, source, sources);
    }
    const parts = emitter.end();
    return parts.length > 0 ? [{ role, parts }] : [];
  });
  if (written.length > 0) return written;
  throw new InvalidInput([
    { path: ['messages'], message: 'the prompt has nothing to say: each of its messages comes out empty' },
  ]);
}

interface PartEmitter extends Emitter {
  end(): AskPart[];
}

/** Gathers text until an image comes, which is a part of its own. */
function createPartEmitter({ memoryLimit }: Context, chars: { left: number }): PartEmitter {
  const parts: AskPart[] = [];
  let text = '';
  const add = (part: AskPart) => {
    if (parts.length === ASK_LIMITS.partsPerMessage)
      throw new Refusal(`a message holds at most ${ASK_LIMITS.partsPerMessage} texts and images`);
    parts.push(part);
  };
  const flush = () => {
    if (text.trim() !== '') add({ type: 'text', text });
    text = '';
  };
  return {
    buffer: '',
    write(value: unknown) {
      if (value instanceof ImageValue) {
        flush();
        add({ type: 'image', url: value.url });
        return;
      }
      const more = print(memoryLimit, value);
      chars.left -= more.length;
      if (chars.left < 0)
        throw new Refusal(
          `the messages come out longer than ${TEMPLATE_LIMITS.outputChars.toLocaleString('en')} characters`,
        );
      text += more;
    },
    end() {
      flush();
      return parts;
    },
  };
}

function toInvalidInput(error: unknown, message: Source, sources: readonly Source[]): InvalidInput {
  const token = LiquidError.is(error) ? error.token : undefined;
  const source = (token && sources.find(({ text }) => text === token.input)) ?? message;
  const { line, column } = lineAndColumn(source.text, token?.begin ?? 0);
  const where = `${source.path.join('.')}, line ${line}, column ${column}`;
  return new InvalidInput([{ path: source.path, message: `${where}: ${explainRenderFault(error)}` }]);
}
