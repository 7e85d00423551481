import { toEnvironment } from '../../src/config/env.ts';
import { loadConfig } from '../../src/config/load.ts';

/** The configuration of a machine where nothing is set. */
export const DEFAULTS = loadConfig(toEnvironment({}, '/nonexistent'));
