import type { Plugin } from 'graphql-yoga';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { AccessLog } from '../events/access-log.ts';
import { NOBODY } from './authentication.ts';

/** Tells who came, and that somebody came whom nobody knows. */
export function useAccessLog(log: Pick<AccessLog, 'cameIn' | 'notKnown'>): Plugin {
  return {
    onParams({ context }) {
      const { who, requestId, ip } = context as unknown as Origin & { who?: Principal };
      if (!who) log.notKnown({ requestId, ip });
      else if (who !== NOBODY) log.cameIn(who, { requestId, ip });
    },
  };
}
