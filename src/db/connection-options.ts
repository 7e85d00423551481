import postgres from 'postgres';

/** Speaks SQL by tagged templates. An int8 is a bigint in both directions; a timestamp comes as PostgreSQL's text. */
export type Sql = postgres.Sql<{ bigint: bigint }>;

/** What every connection has in common, wherever the database is. */
export const CONNECTION_OPTIONS = {
  types: { bigint: postgres.BigInt },
  onnotice: () => {},
  connection: { application_name: 'sluice' },
};
