export const ALERT_KINDS = ['BUDGET_THRESHOLD', 'BUDGET_EXCEEDED', 'ANOMALY'] as const;
/** What people are told of: that much of a budget is used, that something did not fit into one, that use is unusual. */
export type AlertKind = (typeof ALERT_KINDS)[number];
