const NAME = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** The name of a field: the property's own where GraphQL takes it, else its words: `first-name` gives `firstName`. */
export function toFieldName(property: string): string | undefined {
  if (NAME.test(property) && !property.startsWith('__')) return property;
  const [first = '', ...rest] = wordsOf(property);
  return finish(first + rest.map(upperFirst).join(''));
}

/** The name of a value: `very-high` gives `VERY_HIGH`, `inProgress` gives `IN_PROGRESS`. */
export function toEnumName(value: string): string | undefined {
  const words = value.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2');
  return finish(wordsOf(words).join('_').toUpperCase());
}

/** What a property, a definition or a value adds to the name of a type: `line_items` gives `LineItems`. */
export function toTypeSuffix(name: string): string | undefined {
  const words = wordsOf(name);
  // Other types begin the name, so a digit may stand first here.
  return words.length === 0 ? undefined : words.map(upperFirst).join('');
}

/** Accents are dropped. A name with letters of another alphabet has no words: half of a name would be none. */
function wordsOf(text: string): string[] {
  const plain = text.normalize('NFD').replaceAll(/\p{M}/gu, '');
  if (/[^\p{ASCII}]/u.test(plain.replaceAll(/[^\p{L}\p{N}]/gu, ''))) return [];
  return plain.match(/[0-9A-Za-z]+/g) ?? [];
}

function finish(name: string): string | undefined {
  if (name === '') return undefined;
  return NAME.test(name) ? name : `_${name}`;
}

function upperFirst(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
