import { readEnvironment } from '../../../src/config/env.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createLogger } from '../../../src/lib/logger.ts';
import { start } from '../../../src/server/start.ts';
import { takeCourse } from './courses.ts';

/** The gateway as a process of its own, in which `demo/cut` breaks off and `demo/slow` goes on in its place. */
const environment = readEnvironment();
const config = loadConfig(environment);
const { server } = await start(config, {
  logger: createLogger({ level: 'silent' }),
  variables: environment.lookup,
  ...takeCourse('demo/cut', () => ({
    models: [{ name: 'demo/cut', retries: 0 }, { name: 'demo/slow' }],
    onCut: 'RESTART',
  })),
});
process.stdout.write(`${server.url}\n`);
