import type { DocumentsBy } from './document.ts';

/** How to reach a gateway, and as whom. */
export interface Connection {
  url: string;
  readKey(): string | Promise<string>;
  fetch: typeof fetch;
  documentsBy: DocumentsBy;
  /** Undefined: the runtime's own. */
  webSocketImpl: unknown;
}

export async function authorize({ readKey }: Connection): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await readKey()}` };
}
