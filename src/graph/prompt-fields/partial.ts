import { isRecord, own } from './place.ts';
import { fitsScalar, optionOf } from './fits.ts';
import { GROWING, readPartial } from './read-partial.ts';
import { createRules } from './rules.ts';
import type { ScalarShape, Slot } from './shape.ts';

/** @returns what reads the part of an answer that meets the schema as far as it has come. */
export function createPartialReader(root: Slot): (text: string) => unknown {
  const meetsRule = createRules(root);

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
    return meetsRule(settled, shape) ? settled : undefined;
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
