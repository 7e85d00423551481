import { loadConfig } from '../config/load.ts';
import { readEnvironment } from '../config/env.ts';
import { createLogger } from '../lib/logger.ts';

/** Runs the gateway until SIGTERM or SIGINT, then lets running streams end. A second signal ends it at once. */
export async function runServer(): Promise<void> {
  const environment = readEnvironment();
  const config = loadConfig(environment);
  const logger = createLogger({ level: config.logLevel });
  // Loaded for a sound configuration only: what is wrong with another is told at once.
  const [{ start }, { welcome }] = await Promise.all([import('../server/start.ts'), import('./welcome.ts')]);
  const running = await start(config, { logger, variables: environment.lookup });
  process.stdout.write(welcome(running));
  const signal = await nextSignal();
  logger.info({ signal }, 'shutting down');
  void nextSignal().then(() => process.exit(1));
  await running.stop(config.timeouts.drainMs);
  process.exit(0);
}

function nextSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
  return promise;
}
