import { serverAudits } from 'graphql-http';
import { describe, expect, test } from 'vitest';
import { startTestServer } from './support/server.ts';

describe('GraphQL over HTTP, the audit suite of graphql-http', () => {
  for (const { id, name } of serverAudits({ url: '' })) {
    test(`${id} ${name}`, async () => {
      const { url } = await startTestServer();
      const audit = serverAudits({ url, fetchFn: askFirst }).find((candidate) => candidate.id === id);
      const outcome = await audit?.fn();
      expect(outcome).toMatchObject({ status: 'ok' });
    });
  }
});

/** Sends the header that a GET needs, so that no page can send one without being asked about. */
function askFirst(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('x-sluice-preflight', '1');
  return fetch(url, { ...init, headers });
}
