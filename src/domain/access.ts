export const ACCESS_KINDS = ['MODEL', 'ROUTE', 'SCOPE', 'BUDGET_INCREASE'] as const;
/** What can be asked for: to use a model or a route, a scope, or more of a budget. */
export type AccessKind = (typeof ACCESS_KINDS)[number];

export const ACCESS_REQUEST_STATUSES = ['PENDING', 'APPROVED', 'DENIED', 'CANCELLED', 'EXPIRED'] as const;
export type AccessRequestStatus = (typeof ACCESS_REQUEST_STATUSES)[number];
