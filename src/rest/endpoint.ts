import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import type { LimitFacts } from '../limits/limits.ts';
import type { ToldErrors } from './errors.ts';

/** A door: what is served at one path by one method, and to whom `access/rules.ts` says. */
export interface Endpoint {
  method: 'GET' | 'POST';
  /** With the names of its parameters: `/v1/prompts/{slug}/completions`. */
  path: string;
  /** What a request takes from the limits on operations of its caller, as an operation of the graph does. */
  points: number;
  /** Whether pages of origins that nobody has allowed are kept out, however they get here. */
  isForKnownPages?: boolean;
  /** The body of an answer that tells of errors, for a door with a form of its own. */
  present?(told: ToldErrors, body: unknown): object;
  /** @throws GatewayError or Refused, which the frame tells. */
  answer(exchange: Exchange): Promise<Answer>;
}

/** One request that was let in. */
export interface Exchange {
  gateway: Gateway;
  who: Principal;
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  /** Of the path, by name. */
  params: Readonly<Record<string, string>>;
  /** The parsed JSON; undefined for a GET. */
  body: unknown;
  requestId: string;
  traceId: string;
  ip: string;
  region: string | undefined;
  /** Aborts when the client is gone, and when it may not have a stream any more. */
  signal: AbortSignal;
  /** Hears how the limits stand that the request meets, for the headers of its answer. */
  onLimits(facts: LimitFacts): void;
  /** Takes points beside those of the endpoint. @throws RateLimited. */
  take(points: number): Promise<void>;
  /**
   * Does what is answered as a whole within the time that an operation may take.
   * @throws Refused when it takes longer.
   */
  whole<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Counts the answer among the streams of its caller, and ends it with their rights. @throws Refused for one too many. */
  stream(): void;
  /** Tells the audit that the caller was refused something. */
  tellRefusal(reason: string): void;
}

export type Answer = Whole | Stream | Passed;

/** An answer in one piece. */
export interface Whole {
  status: number;
  headers?: Record<string, string>;
  /** Text is JSON already; undefined: no body. */
  body?: object | string;
}

/** One event of a stream; its data is one line of JSON. */
export interface ServerEvent {
  /** Undefined: a message without a name. */
  event: string | undefined;
  /** Handed back as `Last-Event-ID`, it means "what came after this". */
  id?: string;
  data: object | string;
  /** Nothing comes after it. */
  isLast?: boolean;
}

/** Server-sent events. */
export interface Stream {
  /** The next event, of which one says that it is the last; undefined once the signal of the exchange has aborted. */
  next(): Promise<ServerEvent | undefined>;
  /** The last event instead, of a stream that cannot go on. */
  failed(told: ToldErrors): ServerEvent;
}

/** What a library answers. */
export interface Passed {
  response: Response;
}
