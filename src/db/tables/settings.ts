import { snakeCase, text } from 'drizzle-orm/pg-core';

/** Facts about the installation itself, for instance which secret its keys were hashed with. */
export const settings = snakeCase.table('settings', {
  name: text().primaryKey(),
  value: text().notNull(),
});
