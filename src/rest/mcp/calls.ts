/** The calls of tools under way in this process, by whom and which message began them. */
export interface Calls {
  /** @returns how to forget it. */
  begin(call: CallKey, controller: AbortController): () => void;
  /** Ends a call that its own caller takes back; one that is over, or runs elsewhere, is not known here. */
  cancel(call: CallKey): void;
}

/** Ids of messages are a client's own, so they are told apart by its session. */
export interface CallKey {
  keyId: string;
  session: string;
  id: unknown;
}

export function createCalls(): Calls {
  const running = new Map<string, AbortController>();
  return {
    begin(call, controller) {
      const name = nameOf(call);
      running.set(name, controller);
      return () => {
        if (running.get(name) === controller) running.delete(name);
      };
    },
    cancel: (call) =>
      running.get(nameOf(call))?.abort(new DOMException('the client cancelled', 'AbortError')),
  };
}

function nameOf({ keyId, session, id }: CallKey): string {
  return JSON.stringify([keyId, session, id]);
}
