/** What the load generator is asked to do. */
export interface Job {
  url: string;
  /** A request for each call, or a WebSocket for each caller. */
  transport: 'http' | 'ws';
  headers: Record<string, string>;
  /** JSON: the body of the request, or the payload of the message that subscribes. */
  body: string;
  /** Callers, each with one call at a time. */
  parallel: number;
  durationMs: number;
  /** How often `WORD` stands in an answer that is right. */
  words: number;
}

/** Median and 99th percentile. */
export interface Delay {
  p50: number;
  p99: number;
}

export interface JobResult {
  /** Calls that were answered in full, and words that came, before the time was over. */
  calls: number;
  words: number;
  durationMs: number;
  /** From the beginning of a call to its end, and to the first word. */
  totalMs: Delay;
  firstWordMs: Delay;
  /** What went wrong with the calls that failed; the first few. */
  failures: string[];
}
