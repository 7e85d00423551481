import { isDeepStrictEqual } from 'node:util';
import { Document, isScalar, parse, Scalar, visit } from 'yaml';
import type { PromptDocument } from '../config/prompt-files.ts';
import type { PromptVariable } from '../domain/prompt.ts';
import { checkEntity } from '../prompts/entity.ts';
import { mergeVariables } from '../prompts/template/merge.ts';
import { compilePrompt } from '../prompts/template/template.ts';

/** A prompt in any form: of a file, or as the gateway tells it. */
type Said = { [Member in keyof PromptDocument]: PromptDocument[Member] | null };

/** What its templates render, by name. */
type Partials = Readonly<Record<string, { template: string }>>;

/** The same prompt without what is as it would be anyway, also without the variables that its templates tell of. */
export function shorten({ variables, params, ...rest }: Said, partials: Partials): PromptDocument {
  const declared = (variables ?? []).map(toVariable);
  const { told, all } = findTold(declared, rest.messages ?? [], partials);
  const untold = declared.filter(({ name }) => !told.has(name)).map(shortenVariable);
  const document = {
    description: rest.description,
    model: rest.model,
    params: isEmpty(params) ? undefined : params,
    variables: isEmpty(untold) ? undefined : untold,
    messages: rest.messages,
    tools: isEmpty(rest.tools) ? undefined : rest.tools,
    outputSchema: rest.outputSchema,
    cacheSeconds: rest.cacheSeconds,
    entity: rest.entity && shortenEntity(rest.entity, all),
  };
  const members = Object.entries(document).filter(([, value]) => value !== null);
  // As it would come out of a file, where nothing is undefined.
  return JSON.parse(JSON.stringify(Object.fromEntries(members))) as PromptDocument;
}

/** Whether two say the same, in whichever order they declare their variables. */
export function isSame(one: PromptDocument, other: PromptDocument): boolean {
  const inOrder = ({ variables, ...rest }: PromptDocument) => ({
    ...rest,
    variables: variables?.toSorted((first, second) => (first.name < second.name ? -1 : 1)),
  });
  return isDeepStrictEqual(inOrder(one), inOrder(other));
}

/** Templates stand in it line by line, unless some text would come out of it otherwise than it went in. */
export function toYaml(prompt: PromptDocument): string {
  const text = write(prompt, { quoted: isBlank });
  return isDeepStrictEqual(parse(text), prompt) ? text : write(prompt, { quoted: () => true });
}

/** @param options.quoted texts that stand between quotes, with signs for what would be lost. */
function write(prompt: PromptDocument, { quoted }: { quoted: (text: string) => boolean }): string {
  const document = new Document(prompt);
  for (const index of prompt.messages.keys()) {
    const node = document.getIn(['messages', index, 'template'], true);
    if (isScalar(node)) node.type = Scalar.BLOCK_LITERAL;
  }
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && quoted(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 120 });
}

/** Of these, a block of lines would not keep the blanks. */
function isBlank(text: string): boolean {
  return text.trim() === '';
}

/**
 * Variables that would be the same if they were not declared, by name, and all that there are, with those that the templates
 * tell of.
 */
function findTold(
  declared: readonly PromptVariable[],
  messages: PromptDocument['messages'],
  partials: Partials,
): { told: ReadonlySet<string>; all: readonly PromptVariable[] } {
  const merge = (variables: readonly PromptVariable[]) =>
    mergeVariables(compilePrompt({ messages, partials, variables }).variables, variables);
  const isAmong = (variable: PromptVariable, others: readonly PromptVariable[]) =>
    others.some((other) => isDeepStrictEqual(plain(other), plain(variable)));
  try {
    const inferred = merge([]);
    const told = declared.filter((variable) => isAmong(variable, inferred));
    const rest = merge(declared.filter((variable) => !told.includes(variable)));
    // What is declared of one may tell something of another.
    const isEnough = declared.every((variable) => isAmong(variable, rest));
    return { told: new Set(isEnough ? told.map(({ name }) => name) : []), all: merge(declared) };
  } catch {
    // Templates that cannot be read tell nothing; whoever takes them says why.
    return { told: new Set(), all: declared };
  }
}

/** Without the types that its variables would have anyway. */
function shortenEntity(entity: NonNullable<PromptDocument['entity']>, all: readonly PromptVariable[]) {
  const { typeName, field, variables } = entity;
  const [key, keyType] = [entity.key ?? 'id', entity.keyType ?? 'ID!'];
  const fill = (wanted: { variable: string; field: string; type?: string | undefined }[]) => {
    const typed = wanted.map(({ type, ...each }) => ({ ...each, type }));
    return checkEntity({ typeName, key, keyType, field, variables: typed }, all, []).entity.variables;
  };
  const untyped = variables.map((each) => ({ variable: each.variable, field: each.field }));
  const full = fill(variables);
  const found = fill(untyped);
  const short = full.map((each, index) => (found[index]?.type === each.type ? untyped[index]! : each));
  return {
    typeName,
    key: key === 'id' ? undefined : key,
    keyType: keyType === 'ID!' ? undefined : keyType,
    field,
    variables: isDeepStrictEqual(fill(short), full) ? short : full,
  };
}

function toVariable(variable: NonNullable<PromptDocument['variables']>[number]): PromptVariable {
  const { name, type, schema, description, required, default: value, example, neverLog } = variable;
  return {
    name,
    type,
    schema: schema ?? undefined,
    description: description ?? undefined,
    required: (required ?? true) && (value ?? undefined) === undefined,
    default: value ?? undefined,
    example: example ?? undefined,
    neverLog: neverLog ?? false,
  };
}

function shortenVariable({ required, neverLog, default: value, ...rest }: PromptVariable) {
  return {
    ...rest,
    required: required || value !== undefined ? undefined : false,
    default: value,
    neverLog: neverLog || undefined,
  };
}

function plain(variable: PromptVariable): unknown {
  return JSON.parse(JSON.stringify(variable));
}

function isEmpty(value: object | null | undefined): boolean {
  return Object.keys(value ?? {}).length === 0;
}
