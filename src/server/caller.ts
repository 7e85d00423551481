import type { IncomingMessage } from 'node:http';

/** What the connection itself tells of a client. */
export interface Caller {
  /** IPv4 addresses stand in their own form, not as IPv6. */
  ip: string;
}

export function callerOf({ socket }: IncomingMessage): Caller {
  // A socket that is closed already has no address any more.
  return { ip: (socket.remoteAddress ?? '0.0.0.0').replace(/^::ffff:(?=\d+\.)/, '') };
}
