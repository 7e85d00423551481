import { Kind, parse, visit, type SelectionSetNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { listOperationsOf, type RegisteredOperation } from '../access/operations/read.ts';
import { fieldNameOf } from '../domain/prompt.ts';

/** What a text names, by its hash: a text never changes. */
const NAMED = new LRUCache<string, ReadonlySet<string>>({ max: 5_000 });

/** For each slug, the operations of an organisation that name it. */
export async function listOperationsNaming(
  db: Parameters<typeof listOperationsOf>[0],
  organisationId: string,
  slugs: readonly string[],
): Promise<RegisteredOperation[][]> {
  const operations = await listOperationsOf(db, organisationId);
  const named = operations.map((operation) => ({ operation, names: namesIn(operation) }));
  return slugs.map((slug) =>
    named
      .filter(({ names }) => names.has(`slug ${slug}`) || names.has(`field ${fieldNameOf(slug)}`))
      .map(({ operation }) => operation),
  );
}

function namesIn({ hash, text }: RegisteredOperation): ReadonlySet<string> {
  const known = NAMED.get(hash);
  if (known) return known;
  const names = new Set<string>();
  const addFields = (selections: SelectionSetNode | undefined) => {
    for (const selection of selections?.selections ?? []) {
      if (selection.kind === Kind.FIELD) names.add(`field ${selection.name.value}`);
      else if (selection.kind === Kind.INLINE_FRAGMENT) addFields(selection.selectionSet);
    }
  };
  const addSlug = ({ name, value }: { name: { value: string }; value: { kind: Kind; value?: unknown } }) => {
    if (name.value === 'slug' && value.kind === Kind.STRING) names.add(`slug ${String(value.value)}`);
  };
  visit(parse(text, { noLocation: true }), {
    Argument: (node) => addSlug(node),
    ObjectField: (node) => addSlug(node),
    Field: ({ name, selectionSet }) => void (name.value === 'ai' && addFields(selectionSet)),
    FragmentDefinition: ({ typeCondition, selectionSet }) =>
      void (typeCondition.name.value === 'Ai' && addFields(selectionSet)),
  });
  NAMED.set(hash, names);
  return names;
}
