const RETRY_MS = 1_000;

/** Reads that come one after the other, so that what was read earlier never replaces what was read later. */
export interface ReloadQueue {
  /** Never fails: what cannot be read now is tried again until it can be. */
  add(subject: string): Promise<void>;
  close(): Promise<void>;
}

/** @param first the read that all others wait for. */
export function createReloadQueue(
  first: Promise<void>,
  read: (subject: string) => Promise<void>,
  onError: (error: unknown) => void,
): ReloadQueue {
  const retries = new Map<string, NodeJS.Timeout>();
  let closed = false;
  let last: Promise<void> = first.catch(() => {});

  async function tryRead(subject: string): Promise<void> {
    if (closed) return;
    clearTimeout(retries.get(subject));
    retries.delete(subject);
    try {
      await read(subject);
    } catch (error) {
      if (closed) return;
      onError(error);
      retries.set(
        subject,
        setTimeout(() => void add(subject), RETRY_MS),
      );
    }
  }

  function add(subject: string): Promise<void> {
    last = last.then(() => tryRead(subject));
    return last;
  }

  return {
    add,
    async close() {
      closed = true;
      for (const retry of retries.values()) clearTimeout(retry);
      await last;
    },
  };
}
