/** Loaded before a measured program: tells the parent on request how much CPU time it has used, in µs, all threads. */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  // Nobody is left to stop this process.
  process.on('disconnect', () => process.exit());
}
