import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { Agent, request as requestBy } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createIssuerKeys } from '../../src/access/oidc/issuer-keys.ts';
import { createWebhookHttp } from '../../src/alerts/send.ts';
import { fetchList } from '../../src/catalog/fetch-list.ts';
import { createAddressGuard, type AddressGuard } from '../../src/lib/safe-address.ts';
import { createSafeConnector } from '../../src/lib/safe-connect.ts';
import { createVendorHttp } from '../../src/providers/fetch.ts';
import { createProviders } from '../../src/providers/providers.ts';
import { askFor, collect, never } from '../providers/support/collect.ts';
import { configFor, VENDORS } from '../providers/support/vendors.ts';
import { useGateway } from '../support/gateway.ts';

const NO_TOKEN = { payload: '', signature: '' };
const STRICT = createAddressGuard({ networks: [], urls: [] });

/** A server of the owner's network, which counts who comes, also who only connects. */
async function startInside(listener: RequestListener = (_, response) => response.end('secret'), host = '::') {
  const asked: string[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked, connections: () => connections };
}

const SPELLINGS = [
  '0.0.0.0',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0177.0.0.1',
  '0x7f000001',
  'localhost',
  'localhost.',
  'user@127.0.0.1',
];

describe('every client of the gateway refuses to connect inside', () => {
  test.each(SPELLINGS)('http://%s', async (host) => {
    const { port, asked } = await startInside();
    const url = `http://${host}:${port}/latest/meta-data`;
    const vendors = createVendorHttp(STRICT);
    const webhooks = createWebhookHttp(STRICT);
    onTestFinished(() => Promise.all([vendors.close(), webhooks.close()]).then(() => {}));
    // A user in the URL is refused by the client itself.
    await expect(vendors.fetch(url)).rejects.toThrow(/private network|Invalid URL|credentials|ENOTFOUND/);
    expect(await webhooks.post(url, {}, '{}', never())).toMatchObject({ taken: false, gone: false });
    expect(asked).toEqual([]);
  });

  test.each(['169.254.169.254', 'metadata.google.internal', '[fd00:ec2::254]', '[64:ff9b::a9fe:a9fe]'])(
    'the metadata of a cloud at %s',
    async (host) => {
      const lookup: LookupFunction = (_host, options, callback) =>
        options.all
          ? callback(null, [{ address: '169.254.169.254', family: 4 }])
          : callback(null, '169.254.169.254', 4);
      await expect(askBy(`http://${host}/`, STRICT, lookup)).rejects.toThrow('private network');
    },
  );
});

test('an issuer sends nobody inside by what its discovery document says', async () => {
  const inside = await startInside();
  const issuer: { url?: string } = {};
  const outside = await startInside((_, response) =>
    response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `http://127.0.0.1:${inside.port}/keys` })),
  );
  issuer.url = `http://localhost:${outside.port}`;
  const failures: unknown[] = [];
  const findKey = createIssuerKeys({ issuer: issuer.url, jwksUri: undefined, allowPrivate: [] }, (failure) =>
    failures.push(failure),
  );
  await expect(findKey({ alg: 'RS256', kid: '1' }, NO_TOKEN)).rejects.toThrow('cannot be read');
  expect(failures).toMatchObject([{ cause: { message: expect.stringContaining('private network') } }]);
  expect([outside.asked.length, inside.connections()]).toEqual([1, 0]);
});

describe('a name', () => {
  test('that leads inside is refused, and said so without the address', async () => {
    const { port, asked } = await startInside();
    const failed = askBy(`http://rebound.example:${port}/`, STRICT, leadsTo('127.0.0.1'));
    await expect(failed).rejects.toThrow(
      'rebound.example leads into a private network, where the gateway does not connect to; network.allowPrivate allows it',
    );
    expect(asked).toEqual([]);
  });

  test('is resolved once: what it leads to the next moment is never connected to', async () => {
    const { port, asked } = await startInside();
    const answers = ['127.0.0.1', '10.0.0.1'];
    const guard: AddressGuard = { allows: (_, address) => address === '127.0.0.1' };
    let lookups = 0;
    const rebinding: LookupFunction = (host, options, callback) =>
      leadsTo(answers[lookups++] ?? '10.0.0.1')(host, options, callback);
    expect(await askBy(`http://rebound.example:${port}/`, guard, rebinding)).toBe('secret');
    expect([lookups, asked.length]).toEqual([1, 1]);
    await expect(askBy(`http://rebound.example:${port}/`, guard, rebinding)).rejects.toThrow(
      'private network',
    );
  });

  test('that leads to several places goes only where it may', async () => {
    const { port } = await startInside();
    const guard: AddressGuard = { allows: (_, address) => address === '127.0.0.1' };
    expect(await askBy(`http://two.example:${port}/`, guard, leadsTo('10.255.255.1', '127.0.0.1'))).toBe(
      'secret',
    );
  });

  test('that leads into a network that the owner allows is connected to', async () => {
    const { port } = await startInside();
    const guard = createAddressGuard({ networks: ['127.0.0.0/8'], urls: [] });
    expect(await askBy(`http://own.example:${port}/`, guard, leadsTo('127.0.0.1'))).toBe('secret');
  });
});

describe('a redirect', () => {
  test.each(['http://[::1]:PORT/', 'http://0.0.0.0:PORT/', 'http://localhost:PORT/', 'https://127.1:PORT/'])(
    'of a price list to %s is looked at before it is followed',
    async (target) => {
      const inside = await startInside();
      const location = target.replace('PORT', String(inside.port));
      const outside = await startInside((_, response) => response.writeHead(302, { location }).end());
      const failed = fetchList(`http://127.0.0.1:${outside.port}/list`, never(), []);
      await expect(failed).rejects.toThrow(/private network|no[t]? https|not https|cannot be reached/);
      expect(inside.asked).toEqual([]);
      expect(outside.asked).toEqual(['GET /list']);
    },
  );

  test('of a price list takes no password along to another place', async () => {
    const seen: (string | undefined)[] = [];
    const second = await startInside((request, response) => {
      seen.push(request.headers.authorization);
      response.end('[]');
    });
    const location = `http://127.0.0.1:${second.port}/`;
    const first = await startInside((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location }).end();
    });
    expect(await fetchList(`http://me:secret@127.0.0.1:${first.port}/`, never(), [])).toBe('[]');
    expect(seen).toEqual([expect.stringContaining('Basic'), undefined]);
  });

  test('of a price list that goes round in a circle ends', async () => {
    const place = await startInside((_, response) => response.writeHead(302, { location: '/' }).end());
    const failed = fetchList(`http://127.0.0.1:${place.port}/`, never(), []);
    await expect(failed).rejects.toThrow('sent on and on');
    expect(place.asked).toHaveLength(6);
  });
});

describe.each(VENDORS.filter(({ lacks = [] }) => !lacks.includes('images')))(
  'a picture by its address, for $type ($model)',
  (vendor) => {
    test('is named to the vendor, and never fetched by the gateway', async () => {
      const inside = await startInside();
      const bodies: string[] = [];
      const vendorServer = await startInside((request, response) => {
        request.on('data', (bytes: Buffer) => bodies.push(bytes.toString()));
        request.on('end', () => response.writeHead(500).end('{}'));
      });
      const config = configFor(vendor, `http://127.0.0.1:${vendorServer.port}`);
      const providers = createProviders({ configs: [config], probeLocal: false });
      onTestFinished(() => providers.close());
      const picture = `https://127.0.0.1:${inside.port}/picture.png`;
      const source = { messages: [{ role: 'USER' as const, parts: [{ imageUrl: picture }] }] };
      const ask = askFor('', { source });
      const { error } = await collect(providers.find(vendor.type)!.stream(vendor.model, ask, never()));
      expect(error).toBeDefined();
      expect(inside.connections()).toBe(0);
      // A vendor that takes no addresses is not asked at all.
      const told = bodies.join('').includes(picture) || vendorServer.asked.length === 0;
      expect([told, String(error)]).toEqual([true, expect.any(String)]);
    });
  },
);

describe('a request', () => {
  const gateway = useGateway();
  const QUERY = `mutation ($input: CompletionInput!) {
    completionCreate(input: $input) { completion { text } errors { code path } }
  }`;

  test.each(['api_base', 'baseURL', 'base_url', 'customHost'])(
    'has no field %s that could change where a vendor is',
    async (field) => {
      const input = { model: 'demo/echo', source: { text: 'hi' } };
      const { errors } = await gateway().ask(QUERY, { input: { ...input, [field]: 'http://127.0.0.1' } });
      expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
    },
  );

  test('has no header that could either', async () => {
    const { port, asked } = await startInside();
    const url = `http://127.0.0.1:${port}`;
    const headers = Object.fromEntries(
      ['x-portkey-custom-host', 'x-api-base', 'x-base-url', 'x-forwarded-host'].map((name) => [name, url]),
    );
    const input = { model: 'demo/echo', source: { text: 'hi' } };
    const { data } = await gateway().ask(QUERY, { input }, { headers });
    expect(data.completionCreate.completion.text).toBe('hi');
    expect(asked).toEqual([]);
  });
});

test('options that a caller passes on to a vendor do not change where it is', async () => {
  const inside = await startInside();
  const vendorServer = await startInside((_, response) => response.writeHead(500).end('{}'));
  const vendor = VENDORS.find(({ type }) => type === 'openai-compatible')!;
  const config = configFor(vendor, `http://127.0.0.1:${vendorServer.port}`);
  const providers = createProviders({ configs: [config], probeLocal: false });
  onTestFinished(() => providers.close());
  const away = { baseURL: `http://127.0.0.1:${inside.port}`, url: `http://127.0.0.1:${inside.port}` };
  const ask = askFor('hi', {
    params: { providerOptions: { 'openai-compatible': away, openaiCompatible: away } },
  });
  await collect(providers.find(vendor.type)!.stream(vendor.model, ask, never()));
  expect([inside.connections(), vendorServer.asked.length]).toEqual([0, 1]);
});

function leadsTo(...addresses: string[]): LookupFunction {
  return (_host, options, callback) => {
    const found = addresses.map((address) => ({ address, family: 4 }));
    if (options.all) callback(null, found);
    else callback(null, addresses[0]!, 4);
  };
}

async function askBy(url: string, guard: AddressGuard, resolveName: LookupFunction): Promise<string> {
  const dispatcher = new Agent({ connect: createSafeConnector(guard, { resolveName }) });
  try {
    return await (await requestBy(url, { dispatcher })).body.text();
  } finally {
    await dispatcher.destroy();
  }
}
