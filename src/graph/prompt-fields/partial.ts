import { Allow, parse } from 'partial-json';
import { isTooDeep } from '../../lib/json-depth.ts';
import { compileSchema, type Validator } from '../../lib/json-schema.ts';
import { isRecord, own } from './place.ts';
import { fitsScalar, optionOf } from './fits.ts';
import type { ScalarShape, Slot } from './shape.ts';

const MAX_CHARS = 262_144;

/** Stands at the end of a text that still grows; no model writes a character for private use there. */
const GROWING = '\uE000';

/**
 * Reads JSON that has not come to its end. A number, `true` or `null` at the very end may go on and is left out; a text
 * there ends in a mark.
 * @returns undefined where nothing can be read.
 */
export function readPartial(text: string): unknown {
  if (text.length > MAX_CHARS) return undefined;
  try {
    const value: unknown = parse(withoutHalfEscape(text) + GROWING, Allow.STR | Allow.ARR | Allow.OBJ);
    return isTooDeep(value) ? undefined : value;
  } catch {
    // Nothing has come yet, or it is no JSON.
    return undefined;
  }
}

/** `\` and `\u00` at the end begin a character that has not come yet. */
function withoutHalfEscape(text: string): string {
  const hexDigits = /u[\da-f]{0,3}$/i.exec(text.slice(-4))?.[0] ?? '';
  for (const tail of [hexDigits, '']) {
    const end = text.length - tail.length;
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 1) return text.slice(0, end - 1);
  }
  return text;
}

/** @returns what reads the part of an answer that meets the schema as far as it has come. */
export function createPartialReader(root: Slot): (text: string) => unknown {
  // Compiled when it is first needed: most answers are never watched while they are written.
  const validators = new Map<ScalarShape, Validator>();
  const validatorOf = (shape: ScalarShape, rule: object): Validator => {
    const validator = validators.get(shape) ?? compileSchema(rule);
    validators.set(shape, validator);
    return validator;
  };

  function pick(value: unknown, { shape, nullable }: Slot): unknown {
    if (value === null) return nullable ? null : undefined;
    switch (shape.kind) {
      case 'scalar':
        return pickScalar(value, shape);
      case 'enum':
        return shape.values.some((allowed) => allowed.value === value) ? value : undefined;
      case 'list':
        return Array.isArray(value)
          ? value.map((item) => pick(item, shape.item)).filter((item) => item !== undefined)
          : undefined;
      case 'union': {
        const option = optionOf(value, shape);
        return option && pick(value, { shape: option, nullable: false });
      }
      case 'object':
        if (!isRecord(value)) return undefined;
        return Object.fromEntries(
          shape.members
            .map(({ property, slot }) => [property, pick(own(value, property), slot)] as const)
            .filter(([, member]) => member !== undefined),
        );
    }
  }

  function pickScalar(value: unknown, shape: ScalarShape): unknown {
    if (typeof value === 'string' && value.endsWith(GROWING)) return pickGrowing(value, shape);
    const settled = shape.scalar === 'JSON' ? withoutMark(value) : value;
    if (!fitsScalar(settled, shape)) return undefined;
    return shape.rule && validatorOf(shape, shape.rule)(settled) !== undefined ? undefined : settled;
  }

  return (text) => pick(readPartial(text), root);
}

/** Only of free text does a beginning say anything. */
function pickGrowing(value: string, { scalar, only, rule }: ScalarShape): string | undefined {
  const isFree = (scalar === 'String' && only === undefined) || (scalar === 'JSON' && rule === undefined);
  if (!isFree) return undefined;
  const text = withoutMark(value) as string;
  const most = rule?.['maxLength'];
  return typeof most === 'number' && Array.from(text).length > most ? undefined : text;
}

/** The first half of a pair of surrogates goes too: it is no character. */
function withoutMark(value: unknown): unknown {
  if (typeof value === 'string')
    return value.endsWith(GROWING) ? value.slice(0, -1).replace(/[\uD800-\uDBFF]$/, '') : value;
  if (Array.isArray(value)) return value.map(withoutMark);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutMark(member)]));
}
