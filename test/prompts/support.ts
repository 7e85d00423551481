import type { TestGateway } from '../support/gateway.ts';

type Variables = Record<string, unknown>;

const CREATE = `mutation ($input: PromptCreateInput!) {
  promptCreate(input: $input) { prompt { id slug } errors { code message path } }
}`;
const VERSION = `mutation ($input: PromptVersionCreateInput!) {
  promptVersionCreate(input: $input) { promptVersion { id number } errors { code message path } }
}`;
const LABEL = `mutation ($input: PromptLabelSetInput!) {
  promptLabelSet(input: $input) { prompt { id labels { name version { number } } } errors { code message path } }
}`;

/** What becomes of a prompt or a partial. */
export interface Edit {
  slug: string | null;
  partial: string | null;
  action: string;
  version: number;
  newVersion: number;
  changes: { kind: string; path: string[]; before: unknown; after: unknown }[];
  label: {
    name: string;
    from: number | null;
    to: number;
    isProtected: boolean;
    labelRequest: object | null;
  } | null;
}

export const APPLY = `mutation ($input: PromptsApplyInput!) { promptsApply(input: $input) {
  edits {
    slug partial action version newVersion changes { kind path before after }
    label { name from to isProtected labelRequest { id status note version { number } } }
  }
  errors { code message path }
} }`;

/** A version that says one thing. */
export function saying(template: string, more: Variables = {}): Variables {
  return { messages: [{ role: 'USER', template }], model: 'demo/echo', ...more };
}

export async function createPrompt(gateway: TestGateway, input: Variables) {
  return (await gateway.ask(CREATE, { input })).data.promptCreate;
}

export async function createVersion(gateway: TestGateway, input: Variables) {
  return (await gateway.ask(VERSION, { input })).data.promptVersionCreate;
}

export async function setLabel(gateway: TestGateway, input: Variables) {
  return (await gateway.ask(LABEL, { input })).data.promptLabelSet;
}

/** A prompt whose first version is published. */
export async function publish(gateway: TestGateway, slug: string, version: Variables): Promise<void> {
  const created = await createPrompt(gateway, { slug, version });
  const published = await setLabel(gateway, { slug, label: 'production', version: 1 });
  const [error] = [...created.errors, ...published.errors];
  if (error) throw new Error(error.message);
}

/** The number of its newest version; undefined where there is no such prompt. */
export async function newestOf({ ask }: TestGateway, slug: string): Promise<number | undefined> {
  const { data } = await ask('query ($slug: String!) { prompt(slug: $slug) { version { number } } }', {
    slug,
  });
  return data.prompt?.version.number;
}
