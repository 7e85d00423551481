import { serverAudits } from 'graphql-http';
import { describe, expect, test } from 'vitest';
import { startTestServer } from './support/server.ts';

describe('GraphQL over HTTP, the audit suite of graphql-http', () => {
  for (const { id, name } of serverAudits({ url: '' })) {
    test(`${id} ${name}`, async () => {
      const { url } = await startTestServer();
      const audit = serverAudits({ url }).find((candidate) => candidate.id === id);
      const outcome = await audit?.fn();
      expect(outcome).toMatchObject({ status: 'ok' });
    });
  }
});
