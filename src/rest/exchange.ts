import type { IncomingMessage } from 'node:http';
import { watchCaller } from '../access/watch-caller.ts';
import type { ClientCertificate, Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { withDeadline } from '../lib/abort.ts';
import { traceIdOf } from '../lib/ids.ts';
import type { LimitFacts } from '../limits/limits.ts';
import { subjectsOfCaller } from '../limits/read.ts';
import type { Exchange } from './endpoint.ts';
import { Refused } from './errors.ts';
import { credentialsOf } from './let-in.ts';

/** What the transport knows of a request. */
export interface Asking {
  requestId: string;
  ip: string;
  certificate: ClientCertificate | undefined;
  region: string | undefined;
}

/** What an exchange is made of. */
interface Parts extends Pick<Exchange, 'gateway' | 'who' | 'params' | 'body'> {
  request: IncomingMessage;
  asking: Asking;
  /** What the audit calls the door. */
  door: string;
  ending: AbortController;
  /** Filled by what the exchange meets. */
  limitFacts: LimitFacts[];
  /** What there is to do when it is over. */
  onOver: (() => void)[];
}

export function createExchange(parts: Parts): Exchange {
  const { gateway, who, request, asking, ending, limitFacts } = parts;
  const { requestId, ip, region } = asking;
  const { headers, method = '', url = '/' } = request;
  const onLimits = (facts: LimitFacts) => void limitFacts.push(facts);
  const { operationMs: ms } = gateway.config.timeouts;
  return {
    gateway,
    who,
    method,
    url,
    headers,
    params: parts.params,
    body: parts.body,
    requestId,
    traceId: traceIdOf(headers['traceparent'] as string | undefined),
    ip,
    region,
    signal: ending.signal,
    onLimits,
    async take(points) {
      const amounts = { OPERATION_COST_PER_MINUTE: points };
      await gateway.limits.take({ subjects: subjectsOfCaller(who, ip), amounts }, onLimits);
    },
    whole: (work) => withDeadline({ ms, signal: ending.signal, late: () => tookTooLong(ms) }, work),
    stream() {
      // Of a client that is gone nothing would be over any more.
      ending.signal.throwIfAborted();
      parts.onOver.push(...openStream(parts));
    },
    tellRefusal: (reason) =>
      gateway.accessLog.refused(who, { target: parts.door, reason }, { requestId, ip }),
  };
}

function openStream({ gateway, who, request, asking, ending }: Parts): (() => void)[] {
  const giveBack = gateway.openStreams.take(who.keyId);
  if (!giveBack) throw tooMany(gateway);
  const askAgain = (): Promise<Principal> =>
    gateway.authenticator.authenticate(credentialsOf(request, asking));
  return [giveBack, watchCaller(gateway.authenticator, { before: who, askAgain }, ending)];
}

function tooMany({ config }: Gateway): Refused {
  const message = `one key may have ${config.limits.subscriptionsPerKey} streams open at a time`;
  return new Refused(429, 'TOO_MANY_OPERATIONS', message);
}

function tookTooLong(ms: number): Refused {
  const message = `the request took longer than ${ms} ms and was ended; ask for less, or for a stream`;
  return new Refused(504, 'OPERATION_TIMEOUT', message);
}
