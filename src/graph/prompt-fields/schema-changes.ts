import {
  findBreakingChanges,
  findDangerousChanges,
  isInterfaceType,
  isObjectType,
  type GraphQLSchema,
} from 'graphql';
import { assemble } from './assemble.ts';
import { changeOf, compareBindings } from './entity-changes.ts';
import type { PromptTypes } from './prompt-types.ts';
import type { StaticTypes } from './static-types.ts';

export const CHANGE_KINDS = ['SAFE', 'DANGEROUS', 'BREAKING'] as const;

/** What is another in the graph once another version of a prompt is served. */
export interface SchemaChange {
  /** DANGEROUS: clients go on compiling, and may see what they did not expect. */
  kind: (typeof CHANGE_KINDS)[number];
  message: string;
  /** `SummarizeTicketResult.urgency`, `Ai.summarizeTicket(ticket:)` */
  path: string;
  /** Operations that use this notice it: a field, an argument, or a type. */
  noticedBy: string;
}

/** A prompt alone in the graph, before and after. */
export interface PromptGraphs {
  before: PromptTypes | undefined;
  after: PromptTypes | undefined;
}

/** @returns those that break something first. */
export function compareTypes(statics: StaticTypes, { before, after }: PromptGraphs): SchemaChange[] {
  const { fieldName } = before ?? after ?? {};
  if (fieldName === undefined) return [];
  const path = `Ai.${fieldName}`;
  const ofEntity = compareBindings(before?.bound, after?.bound);
  if (!before) return [changeOf('SAFE', path, 'is added.'), ...ofEntity];
  if (!after) {
    const paths = [path, `AiStream.${fieldName}`];
    return [...paths.map((each) => changeOf('BREAKING', each, 'is removed.')), ...ofEntity];
  }
  const [older, newer] = [before, after].map((types) => graphOf(statics, types)) as [
    GraphQLSchema,
    GraphQLSchema,
  ];
  const found = [
    ...findBreakingChanges(older, newer).map(({ description }) => toChange('BREAKING', description)),
    ...findDangerousChanges(older, newer).map(({ description }) => toChange('DANGEROUS', description)),
    ...findAdditions(older, newer, statics.schema),
  ];
  // What is there of an entity only for routers is no field that anybody asks for here.
  const entities = ['_Entity', before.bound?.entity.typeName, after.bound?.entity.typeName];
  const others = found.filter(({ path: place }) => !entities.includes(place.split('.')[0]));
  return [...others, ...ofEntity].toSorted((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ kind }: SchemaChange): number {
  return -CHANGE_KINDS.indexOf(kind);
}

/** What such an operation sees that asks for this prompt. */
export function graphOf(statics: StaticTypes, types: PromptTypes): GraphQLSchema {
  return assemble(statics, [{ types, label: '' }]);
}

function toChange(kind: SchemaChange['kind'], message: string): SchemaChange {
  return { kind, message, ...placeOf(message) };
}

/** graphql-js tells the place of a change in words only. */
function placeOf(message: string): Pick<SchemaChange, 'path' | 'noticedBy'> {
  const argument = /^An? (?:required|optional) arg (\w+) on (\w+\.\w+) /.exec(message);
  if (argument) return { path: `${argument[2]}(${argument[1]}:)`, noticedBy: argument[2]! };
  const inputField = /^An? (?:required|optional) field (\w+) on input type (\w+) /.exec(message);
  if (inputField) return { path: `${inputField[2]}.${inputField[1]}`, noticedBy: inputField[2]! };
  const member = /^(\w+) was (?:added to|removed from) (?:enum|union) type (\w+)\.$/.exec(message);
  if (member) return { path: `${member[2]}.${member[1]}`, noticedBy: member[2]! };
  const ofField = /^(\w+\.\w+) arg (\w+) /.exec(message);
  if (ofField) return { path: `${ofField[1]}(${ofField[2]}:)`, noticedBy: `${ofField[1]}(${ofField[2]}:)` };
  const path = /^\w+(?:\.\w+)?/.exec(message)?.[0] ?? '';
  return { path, noticedBy: path };
}

/** graphql-js tells nothing of what harms nobody. */
function findAdditions(older: GraphQLSchema, newer: GraphQLSchema, shared: GraphQLSchema): SchemaChange[] {
  return Object.values(newer.getTypeMap()).flatMap((type): SchemaChange[] => {
    const before = older.getType(type.name);
    const isOfPrompt = !shared.getType(type.name) && isObjectType(type);
    if (!isOfPrompt || !isObjectType(before) || isInterfaceType(before)) return [];
    const known = before.getFields();
    return Object.values(type.getFields()).flatMap(({ name, deprecationReason }): SchemaChange[] => {
      const path = `${type.name}.${name}`;
      if (!known[name]) return [{ kind: 'SAFE', message: `${path} is added.`, path, noticedBy: path }];
      const isNew = deprecationReason != null && known[name].deprecationReason == null;
      const message = `${path} is deprecated: ${deprecationReason}`;
      return isNew ? [{ kind: 'SAFE', message, path, noticedBy: path }] : [];
    });
  });
}
