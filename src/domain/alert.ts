export const ALERT_KINDS = ['BUDGET_THRESHOLD', 'BUDGET_EXCEEDED', 'ANOMALY', 'MODEL_SUNSET'] as const;
/**
 * What people are told of: that much of a budget is used, that something did not fit into one, that use is unusual, that a
 * model which is still called comes to its end.
 */
export type AlertKind = (typeof ALERT_KINDS)[number];
