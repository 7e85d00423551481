/** How to reach a gateway, and as whom. */
export interface Connection {
  url: string;
  readKey(): string | Promise<string>;
  fetch: typeof fetch;
  /** Undefined: the runtime's own. */
  webSocketImpl: unknown;
}

export async function authorize({ readKey }: Connection): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await readKey()}` };
}
