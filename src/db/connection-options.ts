import postgres from 'postgres';

/** Speaks SQL by tagged templates. An int8 is a bigint in both directions; a timestamp comes as PostgreSQL's text. */
export type Sql = postgres.Sql<{ bigint: bigint }>;

/** NUL is the one character that PostgreSQL has no place for: as elsewhere on the web, U+FFFD stands for it. */
const TEXT: postgres.PostgresType<string> = {
  to: 25,
  from: [25],
  serialize: (text: string) => text.replaceAll('\0', '\uFFFD'),
  parse: (text: string) => text,
};

/** What every connection has in common, wherever the database is. */
export const CONNECTION_OPTIONS = {
  types: { bigint: postgres.BigInt, text: TEXT },
  // Reading the types of arrays is a query of its own on each connection, and one that is cut ends the process.
  fetch_types: false,
  onnotice: () => {},
  connection: { application_name: 'sluice' },
};
