import type { Ask, AskPart } from '../domain/ask.ts';
import type { Capability } from '../domain/model.ts';
import { toUnit } from '../lib/unit-hash.ts';
import { complexityOf, type Complexity } from './complexity.ts';
import type { AskFacts } from './request.ts';

/** Of each part: pictures and documents may be megabytes. */
const OPENING_CHARS = 4_000;

/** What there is to know of an ask, each found out when it is first wanted: most routes want little of it. */
export function factsOf(ask: Ask, inputTokens: number): AskFacts {
  return new LazyFacts(ask, inputTokens);
}

/** A class, as objects with getters of their own take longer to make than a whole plan. */
class LazyFacts implements AskFacts {
  readonly #ask: Ask;
  readonly #inputTokens: number;
  #needs: Capability[] | undefined;
  #complexity: Complexity | undefined;
  #conversation: number | undefined;
  readonly model: string;
  readonly tags: AskFacts['tags'];
  readonly endUserId: string | undefined;
  readonly maxOutputTokens: number | undefined;

  constructor(ask: Ask, inputTokens: number) {
    this.#ask = ask;
    this.#inputTokens = inputTokens;
    this.model = ask.model;
    this.tags = ask.tags;
    this.endUserId = ask.endUserId;
    this.maxOutputTokens = ask.params.maxOutputTokens;
  }

  get needs(): readonly Capability[] {
    return (this.#needs ??= listNeeds(this.#ask));
  }

  get complexity(): Complexity {
    return (this.#complexity ??= complexityOf(this.#ask, this.#inputTokens));
  }

  get conversation(): number {
    return (this.#conversation ??= hashToNumber(`conversation ${describeOpening(this.#ask)}`));
  }
}

/** A number from 0 to 2³² that nobody can tell the text from. */
export function hashToNumber(text: string): number {
  return Math.floor(toUnit(text) * 2 ** 32);
}

function listNeeds(ask: Ask): Capability[] {
  const parts = ask.messages.flatMap((message) => message.parts);
  const isMedia = (kind: string) =>
    parts.some((part) => part.type === 'file' && part.mediaType.startsWith(kind));
  const usesTools =
    ask.tools.length > 0 || parts.some(({ type }) => type === 'tool-call' || type === 'tool-result');
  const needs: Record<Capability, boolean> = {
    TEXT: true,
    VISION: isMedia('image/') || parts.some(({ type }) => type === 'image'),
    AUDIO: isMedia('audio/'),
    TOOLS: usesTools,
    JSON_SCHEMA: ask.outputSchema !== undefined,
    REASONING: ask.params.reasoning !== undefined && ask.params.reasoning !== 'NONE',
    EMBEDDINGS: false,
  };
  return (Object.keys(needs) as Capability[]).filter((capability) => needs[capability]);
}

/** The messages up to the first one of the user: what stays the same while a conversation goes on. */
function describeOpening({ messages }: Ask): string {
  const first = messages.findIndex(({ role }) => role === 'USER');
  return messages
    .slice(0, first + 1)
    .flatMap(({ role, parts }) => [role, ...parts.map((part) => beginningOf(part))])
    .join('\n');
}

function beginningOf(part: AskPart): string {
  if (part.type === 'text') return part.text.slice(0, OPENING_CHARS);
  if (part.type === 'image') return part.url.slice(0, OPENING_CHARS);
  return part.type === 'file' ? part.dataBase64.slice(0, OPENING_CHARS) : part.type;
}
