import { bigint, snakeCase, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import type { LimitScope, LimitUnit } from '../../domain/limit.ts';

/** How much may be used of something in a minute, or at the same time. Each instance has all of them in memory. */
export const rateLimits = snakeCase.table(
  'rate_limits',
  {
    id: text().primaryKey(),
    organisationId: text().notNull(),
    /** The team it belongs to; null for one that is on no team or key. */
    teamId: text(),
    scope: text().$type<LimitScope>().notNull(),
    /** `*`: each subject of the scope by itself. */
    subjectId: text().notNull(),
    unit: text().$type<LimitUnit>().notNull(),
    max: bigint({ mode: 'number' }).notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('rate_limits_once').on(table.organisationId, table.scope, table.subjectId, table.unit),
  ],
);
