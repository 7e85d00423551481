import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { createVendorHttp, type VendorHttp } from '../../src/providers/fetch.ts';
import { createAddressGuard } from '../../src/lib/safe-address.ts';
import { startUpstream } from './support/upstream.ts';

async function withServer(
  listener: RequestListener,
  use: (fetch: VendorHttp['fetch'], url: string, http: VendorHttp) => Promise<void>,
): Promise<void> {
  const upstream = await startUpstream(listener);
  const http = createVendorHttp(createAddressGuard({ networks: [], urls: [upstream.url] }));
  try {
    await use(http.fetch, upstream.url, http);
  } finally {
    await http.close();
    await upstream.close();
  }
}

test('gives status, headers and body as fetch does', () =>
  withServer(
    (request, response) => {
      response.writeHead(418, 'Short and stout', { 'x-pot': ['tea', 'pot'] });
      request.pipe(response);
    },
    async (fetch, url) => {
      const response = await fetch(url, {
        method: 'POST',
        body: 'Käse',
        headers: { 'content-type': 'text/plain' },
      });
      expect([response.ok, response.status, response.statusText]).toEqual([false, 418, 'Short and stout']);
      expect(response.headers.get('X-Pot')).toBe('tea, pot');
      expect(await response.text()).toBe('Käse');
    },
  ));

test('takes an answer without a body', () =>
  withServer(
    (_, response) => response.writeHead(204).end(),
    async (fetch, url) => {
      const response = await fetch(url);
      expect([response.status, response.body]).toEqual([204, null]);
    },
  ));

test('does not follow a redirect', () => {
  const paths: (string | undefined)[] = [];
  return withServer(
    (request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/inside' }).end();
    },
    async (fetch, url) => {
      expect((await fetch(`${url}/v1`)).status).toBe(307);
      expect(paths).toEqual(['/v1']);
    },
  );
});

test('uses connections again', () => {
  const ports = new Set<number | undefined>();
  return withServer(
    (request, response) => {
      ports.add(request.socket.remotePort);
      response.end('ok');
    },
    async (fetch, url) => {
      for (let call = 0; call < 10; call += 1) await (await fetch(url)).text();
      expect(ports.size).toBeLessThan(4);
    },
  );
});

test('breaks an answer off that is larger than any answer', () =>
  withServer(
    (_, response) => {
      const block = Buffer.alloc(1024 * 1024, 'x');
      const write = () => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', write);
      write();
    },
    async (fetch, url) => {
      const reader = (await fetch(url)).body!.getReader();
      let bytes = 0;
      const readAll = async () => {
        for (let next = await reader.read(); !next.done; next = await reader.read())
          bytes += next.value.length;
      };
      await expect(readAll()).rejects.toThrow('exceeded');
      expect(bytes).toBeLessThanOrEqual(64 * 1024 * 1024);
    },
  ));

/** Writes the same block for as long as it is taken. */
const goOn =
  (status: number, type: string, block: Buffer): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': type });
    const write = () => {
      while (!response.destroyed && response.write(block));
    };
    response.on('drain', write);
    write();
  };

test.each([
  ['one line without end', 'x'.repeat(64 * 1024)],
  ['lines without an end of their event', `data: ${'x'.repeat(1_000)}\r\n`],
])('breaks an event off that is larger than any event: %s', (_what, block) =>
  withServer(goOn(200, 'text/event-stream', Buffer.from(block)), async (fetch, url) => {
    const reader = (await fetch(url)).body!.getReader();
    let bytes = 0;
    const readAll = async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) bytes += next.value.length;
    };
    await expect(readAll()).rejects.toThrow('an event exceeded');
    expect(bytes).toBeLessThanOrEqual(16 * 1024 * 1024);
  }),
);

test.each(['\n\n', '\r\n\r\n', '\r\r'])('lets many events pass that end with %j, split wherever', (blank) => {
  // As long as no number of whole blocks, so that the blank lines fall on every place of one.
  const event = Buffer.from(`data: ${'x'.repeat(99_991)}${blank}`);
  return withServer(goOn(200, 'text/event-stream', event), async (fetch, url) => {
    const reader = (await fetch(url)).body!.getReader();
    let bytes = 0;
    while (bytes < 40 * 1024 * 1024) bytes += (await reader.read()).value!.length;
    await expect(reader.cancel()).resolves.toBeUndefined();
  });
});

test('reads no more of a refusal than somebody would', () =>
  withServer(goOn(500, 'application/json', Buffer.alloc(64 * 1024, 'x')), async (fetch, url) => {
    expect((await (await fetch(url)).text()).length).toBeLessThan(1024 * 1024);
  }));

test('holds the server back while nobody reads', () => {
  let sent = 0;
  const full = Promise.withResolvers<void>();
  return withServer(
    (_, response) => {
      const block = Buffer.alloc(64 * 1024, 'x');
      while (response.write(block)) sent += block.length;
      full.resolve();
    },
    async (fetch, url) => {
      const response = await fetch(url);
      await full.promise;
      expect(sent).toBeLessThan(32 * 1024 * 1024);
      await response.body?.cancel();
    },
  );
});

test('a cancelled body closes the connection', () => {
  const closed = Promise.withResolvers<void>();
  return withServer(
    (_, response) => {
      response.on('close', closed.resolve);
      response.write('never ending');
    },
    async (fetch, url) => {
      await (await fetch(url)).body?.cancel();
      await expect(closed.promise).resolves.toBeUndefined();
    },
  );
});

test('closing breaks off what is open', () =>
  withServer(
    (_, response) => void response.write('never ending'),
    async (fetch, url, http) => {
      const reader = (await fetch(url)).body!.getReader();
      await reader.read();
      const waiting = reader.read();
      await Promise.all([expect(waiting).rejects.toThrow('destroyed'), http.close()]);
    },
  ));
