import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What happens to a connection once so many bytes have come down it. */
export interface Mishap {
  afterBytes: number;
  fate: 'cut' | 'silence' | 'goodbye';
}

/** The close frame of a server that says goodbye as if all were done: code 1000 (RFC 6455, section 5.5.1). */
const NORMAL_CLOSURE = Buffer.from([0x88, 0x02, 0x03, 0xe8]);

/** A network between client and gateway: the mishaps happen to the connections in turn, later ones are fine. */
export async function createProxy(
  gatewayUrl: string,
  mishaps: Mishap[],
): Promise<{ url: string; connections: () => number }> {
  const { hostname, port, pathname } = new URL(gatewayUrl);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    const mishap = mishaps[connections];
    connections += 1;
    const gateway = connect(Number(port), hostname);
    join(client, gateway, mishap);
    for (const socket of [client, gateway]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`;
  return { url, connections: () => connections };
}

function join(client: Socket, gateway: Socket, mishap: Mishap | undefined): void {
  client.pipe(gateway);
  client.on('close', () => gateway.destroy());
  let left = mishap?.afterBytes ?? Infinity;
  gateway.on('close', () => left > 0 && client.destroy());
  gateway.on('data', (chunk) => {
    if (left <= 0) return;
    // Cut in the middle of a frame; whoever closes in good order ends his frame before.
    client.write(mishap?.fate === 'goodbye' ? chunk : chunk.subarray(0, left));
    left -= chunk.length;
    if (left > 0) return;
    if (mishap?.fate === 'cut') client.end(() => client.resetAndDestroy());
    if (mishap?.fate === 'goodbye') client.end(NORMAL_CLOSURE);
  });
}
