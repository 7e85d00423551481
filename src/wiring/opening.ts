import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../lib/logger.ts';
import type { Readings } from '../limits/shedding/pressure.ts';

/** What every part is opened with. */
export interface Opening {
  config: Config;
  logger: Logger;
  /** The environment, in which provider keys are looked for. */
  variables: Readonly<Record<string, string | undefined>>;
  /** Opened already, instead of the one that the configuration names; it is closed with the gateway. */
  database?: Database | undefined;
  /** Tells how the process is doing instead of its own measuring. */
  readings?: (() => Readings) | undefined;
  /** Whatever is opened is put on it, to be closed in the opposite order. */
  opened: AsyncDisposableStack;
}
