import { GraphQLError, Kind, type DocumentNode, type FieldNode, type SelectionSetNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Refuses an operation that begins with more fields than `most`, whichever names and fragments they are written under:
 * each begins a read or a paid call of its own. Those below `ai` count too, where each is a prompt. The same for each text, so it may be cached with the validation.
 */
export function useRootFieldLimit(most: number): Plugin {
  return {
    onValidate({ params: { documentAST }, setResult }) {
      if (mostRootFields(documentAST, most) > most) setResult([tooMany(most)]);
    },
  };
}

/** Counts no further than a little over `most`, so that fragments that spread fragments cost nothing. */
function mostRootFields(document: DocumentNode, most: number): number {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition.selectionSet]] : [],
    ),
  );
  let steps = 0;
  function count({ selections }: SelectionSetNode, within: ReadonlySet<string>): number {
    let fields = 0;
    for (const selection of selections) {
      steps += 1;
      if (fields > most || steps > MOST_STEPS) return most + 1;
      if (selection.kind === Kind.FIELD) fields += countField(selection, within);
      else if (selection.kind === Kind.INLINE_FRAGMENT) fields += count(selection.selectionSet, within);
      else fields += countSpread(selection.name.value, within);
    }
    return fields;
  }
  function countField({ name, selectionSet }: FieldNode, within: ReadonlySet<string>): number {
    const isPrompts = name.value === 'ai' && selectionSet !== undefined;
    return isPrompts ? Math.max(1, count(selectionSet, within)) : 1;
  }
  function countSpread(name: string, within: ReadonlySet<string>): number {
    const selectionSet = fragments.get(name);
    // One that spreads itself is refused by the rules of GraphQL.
    return selectionSet && !within.has(name) ? count(selectionSet, new Set([...within, name])) : 0;
  }
  const counts = document.definitions.map((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? count(definition.selectionSet, new Set()) : 0,
  );
  return Math.max(0, ...counts);
}

/** Fragments without a field of their own can spread each other without end. */
const MOST_STEPS = 10_000;

function tooMany(most: number): GraphQLError {
  return new GraphQLError(`an operation may begin with at most ${most} fields`, {
    extensions: { code: 'QUERY_TOO_WIDE', http: { spec: true, status: 400 } },
  });
}
