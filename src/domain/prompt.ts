import type { Ask, AskTool } from './ask.ts';
import type { TrialMember } from './trial.ts';

export const VARIABLE_TYPES = ['STRING', 'NUMBER', 'BOOLEAN', 'LIST', 'OBJECT', 'IMAGE'] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Record<string, unknown>;

/** What a caller gives to a prompt. */
export interface PromptVariable {
  /** As the templates name it, and as the argument of the typed field is called. */
  name: string;
  /** IMAGE: a URL that begins with https:// or data:image/; it stands as an image where the template names it. */
  type: VariableType;
  /** What the value must meet, of a LIST or an OBJECT; undefined: anything of the type. */
  schema: JsonSchema | undefined;
  description: string | undefined;
  /** Whether it must be given; what has a default need not be. */
  required: boolean;
  /** The value where none is given; undefined: there is none. */
  default: unknown;
  /** A value to show and to try; undefined: there is none. */
  example: unknown;
  /** Its value is kept nowhere: not in logs, recordings, datasets or audit. */
  neverLog: boolean;
}

export const PROMPT_ROLES = ['SYSTEM', 'USER', 'ASSISTANT'] as const;

/** A Liquid template of one message. Few-shot examples are messages of USER and ASSISTANT. */
export interface PromptMessage {
  role: (typeof PROMPT_ROLES)[number];
  template: string;
}

/** A partial as it was when the version was made, so that the version never changes. */
export interface PinnedPartial {
  version: number;
  template: string;
}

/** Binds a prompt to an entity of another subgraph, as a field of that entity. */
export interface EntityBinding {
  /** Of the entity: `Ticket`. */
  typeName: string;
  /** The one field of its key: `id`. */
  key: string;
  /** `ID!` */
  keyType: string;
  /** The field that the prompt answers: `summary`. */
  field: string;
  /** Variables that are not among them are not given. */
  variables: EntityVariable[];
}

/** A variable whose value is a field of the entity. */
export interface EntityVariable {
  variable: string;
  field: string;
  /** Of the field, to the letter as the subgraph that has it says: `String!`, `[ID!]!` */
  type: string;
}

/** Everything that a version says. */
export interface PromptSpec {
  messages: PromptMessage[];
  /** By name: all that the templates use, through others too. */
  partials: Record<string, PinnedPartial>;
  variables: PromptVariable[];
  /** `provider/model`, an alias or a route; undefined: the caller names one. */
  model: string | undefined;
  params: Ask['params'];
  tools: AskTool[];
  /** What the answer must meet. Without it the answer is text. */
  outputSchema: JsonSchema | undefined;
  /** How long an answer may be given again to the same caller for the same variables. */
  cache: { maxAgeSeconds: number } | undefined;
  entity: EntityBinding | undefined;
}

/** What a prompt said at one time; it never changes. */
export interface PromptVersion {
  id: string;
  promptId: string;
  /** Counts from 1 within the prompt. */
  number: number;
  spec: PromptSpec;
  note: string | undefined;
  /** Id of the key or of the user. */
  createdBy: string;
  createdAt: Date;
}

export interface Prompt {
  id: string;
  organisationId: string;
  /** `summarize-ticket`; unique in the organisation, and so is the name of the field that it gives. */
  slug: string;
  /** `support/tickets`; empty: none. */
  folder: string;
  description: string | undefined;
  /** The number of its newest version. */
  version: number;
  createdAt: Date;
  /** It is shown no more and answers no more. */
  archivedAt: Date | undefined;
}

/** The label whose version is served where nobody names another. */
export const PRODUCTION = 'production';
/** Stands for the newest version; nobody sets it. */
export const LATEST = 'latest';

export const LABEL_REQUEST_STATUSES = ['PENDING', 'APPROVED', 'DENIED', 'CANCELLED', 'EXPIRED'] as const;
export type LabelRequestStatus = (typeof LABEL_REQUEST_STATUSES)[number];

/** Somebody wants a protected label moved; somebody else is to agree. */
export interface LabelRequest {
  id: string;
  organisationId: string;
  promptId: string;
  label: string;
  /** Undefined: the label is to be taken away. */
  version: number | undefined;
  /** Id of the key or of the user that asks. */
  requesterId: string;
  note: string | undefined;
  status: LabelRequestStatus;
  createdAt: Date;
  /** When it ends undecided. */
  lapsesAt: Date;
  deciderId: string | undefined;
  decidedAt: Date | undefined;
  decisionNote: string | undefined;
}

/** A template that prompts share. Versions of prompts keep copies of it. */
export interface PromptPartial {
  id: string;
  organisationId: string;
  name: string;
  /** The number of its newest version. */
  version: number;
  createdAt: Date;
}

/** What a partial said at one time; it never changes. */
export interface PromptPartialVersion {
  partialId: string;
  /** Counts from 1 within the partial. */
  number: number;
  template: string;
  note: string | undefined;
  /** Id of the key or of the user. */
  createdBy: string;
  createdAt: Date;
}

/** Which version of which prompt is asked for: by its number, or else by a label. */
export interface PromptRef {
  slug: string;
  label: string;
  version: number | undefined;
  /** The version is the one that the label stood for when the schema of the graph was made; nobody chose its number. */
  isPinned?: boolean | undefined;
  /** Not checked yet. */
  variables: unknown;
  /** False: what it is given is not kept, even where the organisation has agreed to that. */
  record?: boolean | undefined;
}

/** Which version wrote the messages of an ask. */
export interface PromptUse {
  promptId: string;
  versionId: string;
  /** The experiment that chose the version. */
  trial?: TrialMember | undefined;
}

/** What tells clients for which label they want the fields of prompts. */
export const LABEL_HEADER = 'x-sluice-prompt-label';

/** What a field of the graph that a prompt answers says of it, under the name `prompt` of its extensions. */
export interface PromptFieldFacts {
  versionId: string;
  /** How long an answer may be given again; 0: not at all. */
  cacheSeconds: number;
}

/** What is kept of the variables that a prompt was given, where the organisation has agreed to that. */
export interface PromptRecording {
  promptId: string;
  /** Redacted, and without those that are never kept. */
  variables: Record<string, unknown>;
  /** The names of these. */
  withheld: string[];
}

/** The name of the typed field: `summarize-ticket` gives `summarizeTicket`. */
export function fieldNameOf(slug: string): string {
  return slug.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
