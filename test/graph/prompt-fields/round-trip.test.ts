import fc from 'fast-check';
import { findBreakingChanges } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../../src/lib/json-schema.ts';
import { ask, inputOf, outputOf } from './support/mapped.ts';
import { formsOf } from './support/forms.ts';
import { grown, schemaOf, valuesOf, world, type World } from './support/schemas.ts';

const given = world.chain((made) => fc.tuple(fc.constant(made), valuesOf(made)));
const check = (property: (made: World, value: unknown) => void, numRuns = 60) =>
  fc.assert(
    fc.property(given, ([made, value]) => property(made, value)),
    { numRuns },
  );

describe('whatever the schema is', () => {
  it('a query that selects everything gets the value', () => {
    check((made, value) => {
      const schema = schemaOf(made);
      expect(compileSchema(schema)(value)).toBeUndefined();
      const { graph } = outputOf(schema);
      const { settle, read } = formsOf(made);
      const { value: answer, errors } = ask(graph, 'result', value, 8);
      expect(errors).toBeUndefined();
      expect(read(answer)).toEqual(settle(value));
    });
  });

  it('what is sent in the form of the input type arrives as the value, and meets the schema', () => {
    check((made, value) => {
      const schema = schemaOf(made);
      const { settle, send } = formsOf(made);
      const arrived = inputOf(schema).take(send(value));
      expect(settle(arrived)).toEqual(settle(value));
      expect(compileSchema(schema)(arrived)).toBeUndefined();
    });
  });

  it('each beginning of an answer gives a part of it that the graph can show, and the end gives all', () => {
    check((made, value) => {
      const { graph } = outputOf(schemaOf(made));
      const { settle, read } = formsOf(made);
      const text = JSON.stringify(value);
      const full = settle(value);
      for (let length = 0; length <= text.length; length += 1 + Math.floor(text.length / 40)) {
        const { value: answer, errors } = ask(graph, 'partial', text.slice(0, length), 8);
        expect(errors).toBeUndefined();
        expect(read(answer)).toSatisfy((part: unknown) => isPart(part, full));
      }
      // A number or a word that stands alone may go on, also where it has come to its end.
      const last = typeof value === 'object' || typeof value === 'string' ? full : null;
      expect(read(ask(graph, 'partial', text, 8).value)).toEqual(last);
    }, 40);
  });

  it('members more, anywhere, rename no type and break no client', () => {
    check((made) => {
      const before = outputOf(schemaOf(made));
      const after = outputOf(schemaOf(grown(made)));
      expect(after.typeNames).toEqual(before.typeNames);
      expect(findBreakingChanges(before.graph, after.graph)).toEqual([]);
    });
  });
});

/** Texts may be shorter, lists may end earlier, members may be missing; nothing is otherwise. */
function isPart(part: unknown, full: unknown): boolean {
  if (part === null || part === undefined) return true;
  if (typeof part === 'string') return typeof full === 'string' && full.startsWith(part);
  if (typeof part !== 'object') return part === full;
  if (typeof full !== 'object' || full === null) return false;
  return Object.entries(part).every(
    ([key, member]) => Object.hasOwn(full, key) && isPart(member, (full as Record<string, unknown>)[key]),
  );
}
