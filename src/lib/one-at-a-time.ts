/** Each call resolves when a run is over that began after it; runs do not overlap, and calls share them. */
export function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let following: Promise<void> | undefined;
  function start(): Promise<void> {
    following = undefined;
    running = run().finally(() => (running = undefined));
    return running;
  }
  return () => {
    if (!running) return start();
    following ??= running.then(start, start);
    return following;
  };
}
