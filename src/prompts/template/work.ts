import { Drop, toValue, type Context, type Emitter } from 'liquidjs';
import { MAX_JSON_LEVELS } from '../../lib/json-depth.ts';

/** Counts the work of one rendering, and throws when it is too much. */
export type Work = Context['memoryLimit'];

/** A value cannot be rendered so. Its message holds no value. */
export class Refusal extends Error {
  override name = 'Refusal';
}

/** The value of a variable of type IMAGE while it is rendered. It can be written, and it can be tested. */
export class ImageValue {
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
  /** @throws Refusal always: it would become text. */
  toString(): never {
    throw new Refusal('an image can only stand alone, as in {{ photo }}, in a message of role USER');
  }
  /** @throws Refusal always: it would become text. */
  toJSON(): never {
    return this.toString();
  }
}

/** How many characters are compared in about the time that one is copied. */
const COMPARED_AT_ONCE = 32;

/**
 * Counts every character and member of a value.
 * @throws AssertionError of LiquidJS when that is too much; Refusal for a value that is nested too deep.
 */
export function chargeValue(work: Work, value: unknown, levels: number = MAX_JSON_LEVELS): void {
  if (typeof value === 'string') return work.use(value.length + 1);
  work.use(8);
  if (typeof value !== 'object' || value === null || value instanceof Drop || value instanceof ImageValue)
    return;
  if (levels === 0) throw new Refusal('a value is nested too deep to be written');
  if (Array.isArray(value)) return value.forEach((member) => chargeValue(work, member, levels - 1));
  for (const [key, member] of Object.entries(value)) {
    work.use(key.length);
    chargeValue(work, member, levels - 1);
  }
}

/** Counts a search for a text in a text. Engines may compare every character of one with every one of the other. */
export function chargeSearch(work: Work, text: string, sought: string): void {
  work.use(text.length * Math.ceil((sought.length + 1) / COMPARED_AT_ONCE));
}

/** A value as a template writes it: lists and objects as JSON, what there is not as nothing. */
export function print(work: Work, value: unknown): string {
  const plain: unknown = toValue(value);
  if (typeof plain === 'string') return plain;
  if (plain === undefined || plain === null) return '';
  if (plain instanceof ImageValue) return plain.toString();
  if (typeof plain === 'number' || typeof plain === 'boolean') return String(plain);
  chargeValue(work, plain);
  return JSON.stringify(plain);
}

/** Gathers text within a template, as `capture` does. */
export function createTextEmitter(work: Work): Emitter {
  const emitter = {
    buffer: '',
    write(value: unknown) {
      const text = print(work, value);
      work.use(text.length);
      emitter.buffer += text;
    },
  };
  return emitter;
}
