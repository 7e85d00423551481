import { afterAll, beforeAll } from 'vitest';
import { bootGateway, type TestGateway, type TestOptions } from './gateway.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** Several instances need a PostgreSQL server: without one there is nothing to test. */
export const NO_SERVER = process.env['SLUICE_TEST_DATABASE_URL'] === undefined;

/** Two gateways on one database, and on Redis where there is one, for the tests of a describe block. */
export function useTwoInstances(options: Pick<TestOptions, 'config'> = {}): {
  one(): TestGateway;
  two(): TestGateway;
} {
  let database: TestDatabase;
  let instances: [TestGateway, TestGateway];
  beforeAll(async () => {
    database = await createTestDatabase();
    const redisUrl = process.env['REDIS_URL'];
    const variables = {
      SLUICE_SECRET: 'a-shared-hashing-key-Qm38fhWq81ncVbz77TtY',
      ...(redisUrl && { REDIS_URL: redisUrl }),
    };
    const boot = () => bootGateway({ ...options, databaseUrl: database.databaseUrl, variables });
    instances = await Promise.all([boot(), boot()]);
  });
  afterAll(async () => {
    await Promise.all(instances.map((each) => each.stop(0)));
    await database.drop();
  });
  return { one: () => instances[0], two: () => instances[1] };
}
