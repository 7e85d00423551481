import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

/** How an operation is named to the gateway. */
export type DocumentsBy = 'text' | 'hash';

/** What is sent of a document: its text, or the hash that code generation has put on it, where it has one. */
export function toParams(
  document: TypedDocumentNode<unknown, never>,
  documentsBy: DocumentsBy,
): { query: string; documentId?: string } {
  const { __meta__: meta } = document as { __meta__?: { hash?: string } };
  if (documentsBy === 'text' || meta?.hash === undefined) return { query: print(document) };
  // Over a WebSocket there has to be a text, be it empty.
  return { query: '', documentId: meta.hash };
}
