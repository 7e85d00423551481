import type { FetchFunction } from '@ai-sdk/provider-utils';
import { z } from 'zod';
import type { ContinuationWay } from '../config/config.ts';

/** A server of the OpenAI wire format that listens on this machine. */
export interface LocalServer {
  name: string;
  displayName: string;
  baseURL: string;
  modelIds: string[];
  continuation: ContinuationWay | undefined;
}

/** Where servers of this machine are looked for. */
export const LOCAL_URL = 'http://127.0.0.1';
/** The ports on which these servers listen unless told otherwise. */
export const LOCAL_PORTS = { ollama: 11434, lmstudio: 1234, llamacpp: 8080, vllm: 8000 } as const;
export type LocalName = keyof typeof LOCAL_PORTS;

const DISPLAY_NAMES = { ollama: 'Ollama', lmstudio: 'LM Studio', llamacpp: 'llama.cpp', vllm: 'vLLM' };
/** Those that document one. llama.cpp takes a last message of the assistant for a beginning unless it is told not to. */
const CONTINUATIONS: Partial<Record<LocalName, ContinuationWay>> = { llamacpp: 'last-message', vllm: 'vllm' };
const PROBE_MS = 400;
const MAX_MODELS = 1_000;

/** `data` is null on an Ollama without any model. */
const modelList = z.object({
  object: z.literal('list'),
  data: z.array(z.object({ id: z.string().min(1) })).nullable(),
});

/**
 * Asks the known ports of this machine for their models, all at once and for 400 ms at most. Whatever does not
 * answer like an OpenAI-compatible server is not there.
 */
export async function probeLocalServers(
  fetch: FetchFunction,
  ports: Partial<Record<LocalName, number>>,
  signal: AbortSignal,
): Promise<LocalServer[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
  const names = Object.keys(ports) as LocalName[];
  const found = await Promise.all(names.map((name) => probe(fetch, name, ports[name], limit)));
  signal.throwIfAborted();
  return found.filter((server) => server !== undefined);
}

async function probe(
  fetch: FetchFunction,
  name: LocalName,
  port: number | undefined,
  signal: AbortSignal,
): Promise<LocalServer | undefined> {
  const baseURL = `${LOCAL_URL}:${port}/v1`;
  try {
    const response = await fetch(`${baseURL}/models`, { signal });
    const list = modelList.parse(await response.json());
    const modelIds = (list.data ?? []).slice(0, MAX_MODELS).map((model) => model.id);
    const known = { displayName: DISPLAY_NAMES[name], continuation: CONTINUATIONS[name] };
    return { name, ...known, baseURL, modelIds };
  } catch {
    return undefined;
  }
}
