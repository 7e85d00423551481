import type { JsonSchema } from '../../domain/prompt.ts';

/** The scalars of the graph that a schema can ask for. */
export type ScalarName = 'String' | 'Boolean' | 'Int' | 'SafeInt' | 'Float' | 'DateTime' | 'JSON';

/** A schema as the graph sees it: references are followed, and what only checks values is left out. */
export type Shape = ScalarShape | EnumShape | ListShape | ObjectShape | UnionShape;

export interface ScalarShape {
  kind: 'scalar';
  scalar: ScalarName;
  /** The only value that it may have. */
  only: string | number | boolean | undefined;
  /** What else its values must meet; undefined: nothing. */
  rule: JsonSchema | undefined;
}

/** What gets a type of its own in the graph. */
interface Named {
  /** What its name is made of beside the prompt's: `Author`; empty at the root. */
  suffix: string;
  description: string | undefined;
  /** Where it is written. */
  path: readonly string[];
}

export interface EnumShape extends Named {
  kind: 'enum';
  values: EnumValue[];
}

export interface EnumValue {
  name: string;
  value: string;
  description: string | undefined;
}

export interface ListShape {
  kind: 'list';
  item: Slot;
}

export interface ObjectShape extends Named {
  kind: 'object';
  /** Filled after the shape is made, because they may lead back to it. */
  members: Member[];
}

export interface Member {
  /** As it is called in JSON. */
  property: string;
  /** As it is called in the graph. */
  field: string;
  slot: Slot;
  required: boolean;
  /** What stands for it where it is not given; undefined: nothing does. */
  fallback: unknown;
  description: string | undefined;
  deprecation: string | undefined;
  path: readonly string[];
}

export interface UnionShape extends Named {
  kind: 'union';
  /** The property that tells the options apart. */
  discriminator: string;
  /** By the value of that property. */
  options: ReadonlyMap<string, ObjectShape>;
}

/** A place for a value. */
export interface Slot {
  shape: Shape;
  /** Whether null may stand there. */
  nullable: boolean;
}

/** Everything of one schema. */
export interface SchemaShape {
  root: Slot;
  /** What gets types of its own, with the root's first. */
  named: readonly (EnumShape | ObjectShape | UnionShape)[];
}
