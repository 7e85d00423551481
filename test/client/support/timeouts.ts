import { DEFAULTS } from '../../support/defaults.ts';

/** A completion that nobody listens to is soon given up, so that tests need not wait for it. */
export const IMPATIENT = { timeouts: { ...DEFAULTS.timeouts, abandonMs: 2_000 } };
