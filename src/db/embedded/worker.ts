/** The thread that PostgreSQL runs in: a slow statement holds up this thread and not the gateway's. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import { openCluster } from './cluster.ts';
import { serveSession } from './session.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './worker-messages.ts';

const { directory, engine, beatMs } = workerData as WorkerOptions;

if (parentPort) await run(parentPort);

async function run(supervisor: MessagePort): Promise<void> {
  const tell = (message: FromWorker) => supervisor.postMessage(message);
  const db = await openCluster(directory, engine, (message) => tell({ log: message }));
  let session: MessagePort | undefined;
  supervisor.on('message', (message: ToWorker) => {
    if (message === 'close') {
      void stop(db);
    } else {
      session?.close();
      session = message.connect;
      serveSession(db, session);
    }
  });
  setInterval(() => tell('beat'), beatMs);
  tell('ready');
}

async function stop(db: PGlite): Promise<void> {
  await db.close();
  process.exit();
}
