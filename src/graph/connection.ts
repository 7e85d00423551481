import type { ArgBuilder, InterfaceRef, ObjectRef } from '@pothos/core';
import { InvalidInput } from '../domain/errors.ts';
import { builder } from './builder.ts';

const MOST = 200;
const DEFAULT = 50;

interface Edge<T> {
  node: T;
  cursor: string;
}

/** One page of a list. */
export interface Connection<T> {
  edges: Edge<T>[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  count: () => number | Promise<number>;
}

type Types = typeof builder.$inferSchemaTypes;
type Args = ArgBuilder<Types>;

/** `first` and `after`, the arguments of every list that can grow. Lists are read forward only. */
export const pageArgs = (arg: Args) => ({
  first: arg.int({ defaultValue: DEFAULT, description: `How many; at most ${MOST}.` }),
  after: arg.string({ description: 'The `endCursor` of the page before.' }),
});

/** A page of n costs what n nodes cost, so the cost limit bounds lists inside lists. */
export const pageComplexity = ({ first }: { first?: number | null }) => ({
  field: 5,
  multiplier: (first ?? DEFAULT) / 10,
});

/** The types `XConnection` and `XEdge` for a list of X, in the shape of the Relay specification. */
export function connectionOf<T>(
  name: string,
  node: ObjectRef<Types, T> | InterfaceRef<Types, T>,
): ObjectRef<Types, Connection<T>> {
  const edge = builder.objectRef<Edge<T>>(`${name}Edge`).implement({
    fields: (t) => ({
      node: t.field({ type: node, resolve: (parent) => parent.node as never }),
      cursor: t.exposeString('cursor'),
    }),
  });
  return builder.objectRef<Connection<T>>(`${name}Connection`).implement({
    fields: (t) => ({
      edges: t.field({ type: [edge], resolve: ({ edges }) => edges }),
      nodes: t.field({ type: [node], resolve: ({ edges }) => edges.map((each) => each.node) as never }),
      pageInfo: t.field({
        type: builder.pageInfoRef(),
        resolve: ({ edges, hasNextPage, hasPreviousPage }) => ({
          hasNextPage,
          hasPreviousPage,
          startCursor: edges.at(0)?.cursor,
          endCursor: edges.at(-1)?.cursor,
        }),
      }),
      totalCount: t.int({ resolve: ({ count }) => count() }),
    }),
  });
}

/**
 * Reads one page.
 * @param read takes how many rows to read and the cursor to read after.
 * @param count is only called when the caller asks for the total.
 * @throws InvalidInput when `first` is out of its bounds, or `after` is no cursor of this list.
 */
export async function readPage<T>(
  args: { first?: number | null | undefined; after?: string | null | undefined },
  list: {
    read: (page: { first: number; after: string | undefined }) => Promise<T[]> | T[];
    cursorOf: (row: T) => string;
    isCursor: (text: string) => boolean;
    count: () => number | Promise<number>;
  },
): Promise<Connection<T>> {
  const first = args.first ?? DEFAULT;
  if (first < 0 || first > MOST) throw invalid('first', `is ${first}; it must be from 0 to ${MOST}`);
  const after = args.after ?? undefined;
  if (after !== undefined && !list.isCursor(after))
    throw invalid('after', 'is no cursor of this list; hand back the endCursor of the page before');
  // One row more than asked for tells whether there is a next page.
  const rows = await list.read({ first: first + 1, after });
  const edges = rows.slice(0, first).map((node) => ({ node, cursor: list.cursorOf(node) }));
  return { edges, hasNextPage: rows.length > first, hasPreviousPage: after !== undefined, count: list.count };
}

function invalid(argument: string, what: string): InvalidInput {
  return new InvalidInput([{ path: [argument], message: `${argument} ${what}` }]);
}
