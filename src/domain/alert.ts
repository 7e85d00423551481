const TRIAL_ALERT_KINDS = ['CANARY_ROLLED_BACK', 'CANARY_PROMOTED', 'EXPERIMENT_DECIDED'] as const;
export const ALERT_KINDS = [
  'BUDGET_THRESHOLD',
  'BUDGET_EXCEEDED',
  'ANOMALY',
  'MODEL_SUNSET',
  ...TRIAL_ALERT_KINDS,
] as const;
/**
 * What people are told of: that much of a budget is used, that something did not fit into one, that use is unusual, that a
 * model which is still called comes to its end, and how canaries and experiments have ended.
 */
export type AlertKind = (typeof ALERT_KINDS)[number];

type TrialAlertKind = (typeof TRIAL_ALERT_KINDS)[number];

export function isAboutTrial(kind: AlertKind): kind is TrialAlertKind {
  return (TRIAL_ALERT_KINDS as readonly AlertKind[]).includes(kind);
}
