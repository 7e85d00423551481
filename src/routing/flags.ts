import { hash } from 'node:crypto';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import {
  ErrorCode,
  InMemoryProvider,
  NOOP_PROVIDER,
  OpenFeature,
  type Client,
  type EvaluationContext,
  type Provider,
} from '@openfeature/server-sdk';
import { LRUCache } from 'lru-cache';
import { Agent, fetch } from 'undici';
import type { FlagsConfig } from '../config/config.ts';
import { atMost } from '../lib/at-most.ts';
import { newId } from '../lib/ids.ts';
import { createAddressGuard } from '../lib/safe-address.ts';
import { createSafeConnector } from '../lib/safe-connect.ts';

/** For whom flags are asked. */
export interface FlagSubject {
  /** What stays on one side of a gradual rollout. */
  targetingKey: string;
  organisation: string;
  team: string;
  tags: Record<string, string>;
}

/** What flags are, and of those that could not be told, which are false then, why not. */
export interface FlagValues {
  values: Record<string, boolean>;
  faults: Record<string, string>;
}

/** The flags that conditions name. */
export interface Flags {
  /** Never fails, and takes no longer than the config allows. */
  evaluate(names: readonly string[], subject: FlagSubject): Promise<FlagValues>;
  close(): Promise<void>;
}

interface Found {
  value: boolean;
  fault?: string;
}

/** Values that are kept, and questions to the service that are open at a time. */
const KEPT_MAX = 20_000;
const OPEN_MAX = 200;
/** What failed is soon asked again. */
const FAULT_KEPT_MS = 1_000;
/** One flag is far smaller. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** @param allowPrivate networks that the service may be in although they are private, in CIDR notation. */
export async function openFlags(config: FlagsConfig, allowPrivate: readonly string[]): Promise<Flags> {
  const { timeoutMs, cacheMs } = config;
  const source = toSource(config, allowPrivate);
  // OpenFeature has one state for the whole process; by a name of its own each gateway has its own provider in it.
  const domain = newId('inst');
  await OpenFeature.setProviderAndWait(domain, source.provider);
  const client = OpenFeature.getClient(domain);
  client.setLogger(SILENT);
  const known = new LRUCache<string, Promise<Found>>(atMost(KEPT_MAX));
  let open = 0;

  async function ask(name: string, subject: FlagSubject): Promise<Found> {
    if (open >= OPEN_MAX) return { value: false, fault: 'too many flags are being asked for' };
    open += 1;
    try {
      return await within(timeoutMs, askClient(client, name, { ...subject }));
    } finally {
      open -= 1;
    }
  }

  function find(name: string, subject: FlagSubject, about: string): Promise<Found> {
    const key = `${name} ${about}`;
    const kept = known.get(key);
    if (kept) return kept;
    const asked = ask(name, subject);
    known.set(key, asked, { ttl: cacheMs });
    void asked.then(({ fault }) => {
      if (fault !== undefined && known.peek(key) === asked)
        known.set(key, asked, { ttl: Math.min(FAULT_KEPT_MS, cacheMs) });
    });
    return asked;
  }

  return {
    async evaluate(names, subject) {
      const about = hash('sha256', JSON.stringify(subject));
      const found = await Promise.all(names.map((name) => find(name, subject, about)));
      return {
        values: Object.fromEntries(names.map((name, at) => [name, found[at]!.value])),
        faults: Object.fromEntries(
          names.flatMap((name, at) => {
            const { fault } = found[at]!;
            return fault === undefined ? [] : [[name, fault]];
          }),
        ),
      };
    },
    async close() {
      await OpenFeature.setProviderAndWait(domain, NOOP_PROVIDER);
      await source.close();
    },
  };
}

async function askClient(client: Client, name: string, context: EvaluationContext): Promise<Found> {
  const { value, errorCode } = await client.getBooleanDetails(name, false, context);
  return errorCode === undefined ? { value } : { value: false, fault: tellFault(errorCode) };
}

function tellFault(code: ErrorCode): string {
  if (code === ErrorCode.FLAG_NOT_FOUND) return 'there is no such flag';
  if (code === ErrorCode.TYPE_MISMATCH) return 'it is neither true nor false';
  return 'the flag service could not tell it';
}

/** The question may go on, but nobody waits for it. */
async function within(ms: number, answer: Promise<Found>): Promise<Found> {
  const { promise, resolve } = Promise.withResolvers<Found>();
  const fault = `the flag service said nothing within ${ms} ms`;
  const timer = setTimeout(() => resolve({ value: false, fault }), ms);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function toSource(
  { ofrep, static: values, timeoutMs }: FlagsConfig,
  allowPrivate: readonly string[],
): { provider: Provider; close(): Promise<void> } {
  if (ofrep) return toRemote(ofrep, timeoutMs, allowPrivate);
  const flags = Object.entries(values ?? {}).map(([name, value]) => [
    name,
    { variants: { set: value }, defaultVariant: 'set', disabled: false },
  ]);
  return { provider: new InMemoryProvider(Object.fromEntries(flags)), close: async () => {} };
}

/** Redirects are not followed: the headers may hold a secret. */
function toRemote(
  { url, headers }: NonNullable<FlagsConfig['ofrep']>,
  timeoutMs: number,
  allowPrivate: readonly string[],
): { provider: Provider; close(): Promise<void> } {
  const guard = createAddressGuard({ networks: allowPrivate, urls: [url] });
  const dispatcher = new Agent({
    connect: createSafeConnector(guard, { timeout: timeoutMs }),
    connections: OPEN_MAX,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  async function send(request: Request) {
    const body = await request.text();
    const signal = AbortSignal.timeout(timeoutMs);
    const options = { method: 'POST', headers: [...request.headers], body, signal, dispatcher };
    return fetch(request.url, { ...options, redirect: 'error' });
  }
  const provider = new OFREPProvider({
    baseUrl: url.replace(/\/+$/, ''),
    headers: Object.entries(headers),
    fetchImplementation: send as unknown as typeof globalThis.fetch,
  });
  return { provider, close: () => dispatcher.destroy() };
}

/** What goes wrong is told where a route explains itself. */
const SILENT = { error() {}, warn() {}, info() {}, debug() {} };
