import { ADMIN_KEY, type Answer, type TestGateway } from '../support/gateway.ts';

export interface Sending {
  /** Null sends none. */
  key?: string | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** JSON that tests look into freely. */
export type Free = Answer['data'];

/** What a door answers. */
export interface Told {
  status: number;
  headers: Headers;
  body: Free;
}

/** Asks a door as a client would. A body that is a text is sent as it is. */
export function send(
  { url }: Pick<TestGateway, 'url'>,
  path: string,
  body: unknown,
  { key = ADMIN_KEY, headers, signal }: Sending = {},
): Promise<Response> {
  return fetch(new URL(path, url), {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: signal ?? null,
  });
}

export async function ask(
  gateway: Pick<TestGateway, 'url'>,
  path: string,
  body: unknown,
  sending: Sending = {},
): Promise<Told> {
  const response = await send(gateway, path, body, sending);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** Runs a prompt, by its slug. */
export function run(
  gateway: Pick<TestGateway, 'url'>,
  slug: string,
  body: unknown,
  sending: Sending = {},
): Promise<Told> {
  return ask(gateway, pathOf(slug), body, sending);
}

export function pathOf(slug: string): string {
  return `/v1/prompts/${slug}/completions`;
}

export interface SentEvent {
  event: string;
  id: string | undefined;
  data: Free;
}

/** The events of an answer, up to its end. */
export async function* readEvents(response: Response): AsyncGenerator<SentEvent> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    throw new Error(`no stream: ${await response.text()}`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(event)?.[1];
      const data = field('data');
      if (data !== undefined)
        yield { event: field('event') ?? 'message', id: field('id'), data: JSON.parse(data) };
    }
  }
}

export async function allEvents(response: Response): Promise<SentEvent[]> {
  return Array.fromAsync(readEvents(response));
}

export const textOf = (events: SentEvent[]): string =>
  events.flatMap(({ event, data }) => (event === 'delta' ? [data.text as string] : [])).join('');
