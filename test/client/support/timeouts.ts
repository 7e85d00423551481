import { toEnvironment } from '../../../src/config/env.ts';
import { loadConfig } from '../../../src/config/load.ts';

const { timeouts } = loadConfig(toEnvironment({}, '/nonexistent'));

/** A completion that nobody listens to is soon given up, so that tests need not wait for it. */
export const IMPATIENT = { timeouts: { ...timeouts, abandonMs: 2_000 } };
