import type { EntityBinding } from '../../domain/prompt.ts';
import type { PromptTypes } from './prompt-types.ts';
import type { StaticTypes } from './static-types.ts';

/** Names that the graph itself gives beside those that it has without prompts. */
export const OWN_NAMES = ['Ai', 'AiStream', 'PromptRunInput', 'PromptStreamInput'];

/** Gives the names of types away, and the fields of entities, each once. */
export interface TypeNames {
  /** @returns which of them has an owner already, so that none is taken; undefined where all were free. */
  take(types: PromptTypes): string | undefined;
}

/** What prompts have made of an entity. */
interface KnownEntity extends Pick<EntityBinding, 'key' | 'keyType'> {
  /** Types of the fields that come from the other subgraph, by name. */
  required: Map<string, string>;
  /** Slugs of the prompts that answer a field, by its name. */
  answered: Map<string, string>;
}

export function createTypeNames({ schema }: StaticTypes): TypeNames {
  const owners = new Map(OWN_NAMES.map((name) => [name, 'the graph']));
  const entities = new Map<string, KnownEntity>();
  const ownerOf = (name: string) => owners.get(name) ?? (schema.getType(name) && 'the graph');

  function findClash({ typeNames, bound }: PromptTypes): string | undefined {
    const taken = typeNames.find((name) => ownerOf(name) !== undefined);
    if (taken !== undefined) return `it gives the type ${taken}, which ${ownerOf(taken)} has already`;
    if (!bound) return undefined;
    const { typeName } = bound.entity;
    const known = entities.get(typeName);
    if (known) return findEntityClash(bound.entity, known);
    const owner = typeNames.includes(typeName) ? 'it' : ownerOf(typeName);
    return owner && `it is bound to the type ${typeName}, which ${owner} has already`;
  }

  return {
    take(types) {
      const { typeNames, bound, prompt } = types;
      const clash = findClash(types);
      if (clash !== undefined) return clash;
      for (const name of typeNames) owners.set(name, `the prompt ${prompt.slug}`);
      if (!bound) return undefined;
      const { typeName, key, keyType, field, variables } = bound.entity;
      const { required, answered } = entities.get(typeName) ?? { required: new Map(), answered: new Map() };
      for (const each of variables) required.set(each.field, each.type);
      answered.set(field, prompt.slug);
      entities.set(typeName, { key, keyType, required, answered });
      owners.set(typeName, 'an entity of another subgraph');
      return undefined;
    },
  };
}

function findEntityClash(
  { typeName, key, keyType, field, variables }: EntityBinding,
  known: KnownEntity,
): string | undefined {
  const other = known.answered.get(field);
  if (other !== undefined) return `it answers ${typeName}.${field}, which the prompt ${other} does already`;
  if (key !== known.key || keyType !== known.keyType)
    return `it knows ${typeName} by ${key}: ${keyType}, and other prompts by ${known.key}: ${known.keyType}`;
  if (field === known.key || known.required.has(field))
    return `it answers ${typeName}.${field}, which other prompts require of another subgraph`;
  for (const each of variables) {
    const type = known.required.get(each.field);
    if (type !== undefined && type !== each.type)
      return `it requires ${typeName}.${each.field}: ${each.type}, and other prompts ${type}`;
    const slug = known.answered.get(each.field);
    if (slug !== undefined)
      return `it requires ${typeName}.${each.field} of another subgraph, and the prompt ${slug} answers it here`;
  }
  return undefined;
}
