import { readFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import { createSecureContext, type TLSSocket } from 'node:tls';
import type { TlsConfig } from '../config/config.ts';

/** How long a client may take to agree on how to speak. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * What a server needs to speak TLS.
 * @throws Error that names the setting whose file cannot be read or used.
 */
export async function readTls({ cert, key, ca, clientAuth }: TlsConfig): Promise<ServerOptions> {
  const files = {
    cert: await read('cert', cert),
    key: await read('key', key),
    // Only these vouch for clients, and none that the system knows.
    ca: ca === undefined ? undefined : await read('ca', ca),
  };
  try {
    createSecureContext(files);
  } catch (error) {
    throw new Error(`the files of server.tls cannot be used: ${(error as Error).message}`, { cause: error });
  }
  return {
    ...files,
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'require',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  };
}

/**
 * Hangs up on a client whose certificate names an authority of ours that did not sign it. Such a connection cannot be
 * served: OpenSSL leaves the failed signature among its errors, by which Node ends the connection once it has read what
 * came with the handshake, that is after a first request has begun.
 */
export function hangUpOnForgery(socket: TLSSocket): void {
  // A code, whatever its type says.
  const reason: unknown = socket.authorizationError;
  if (reason === 'CERT_SIGNATURE_FAILURE') socket.destroy();
}

async function read(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`server.tls.${setting} names a file that cannot be read (${code}): ${path}`, {
      cause: error,
    });
  }
}
