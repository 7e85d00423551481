import { fsyncSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** How the engine calls the files of a directory of the host. */
interface HostFiles {
  stream_ops: { fsync?: (file: { nfd: number }) => number };
}

/**
 * The files of a cluster, written through to the disk when PostgreSQL asks for it. PGlite as it comes passes no fsync
 * on and is started with `fsync=off`: a commit then survives the death of the process but not the loss of power.
 */
export class DurableFiles extends NodeFS {
  override async init(pg: PGlite, options: Parameters<NodeFS['init']>[1]): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(pg, options);
    const passFsyncOn: NonNullable<typeof emscriptenOpts.preRun>[number] = (engine) => {
      const { NODEFS } = engine.FS.filesystems as unknown as { NODEFS: HostFiles };
      NODEFS.stream_ops.fsync = ({ nfd }) => {
        fsyncSync(nfd);
        return 0;
      };
    };
    return {
      emscriptenOpts: { ...emscriptenOpts, preRun: [...[emscriptenOpts.preRun ?? []].flat(), passFsyncOn] },
    };
  }
}
