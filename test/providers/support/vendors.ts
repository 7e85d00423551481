import type { ProviderConfig } from '../../../src/config/config.ts';

/** A row of the provider table as the contract suite runs it, against aimock. */
export interface VendorCase {
  type: string;
  /** Path behind the origin under which aimock speaks this vendor's format. */
  path: string;
  model: string;
  settings?: Record<string, string>;
  /** What aimock does not do in this format and the vendor does: its bytes are in `wire.test.ts`. */
  mockLacks?: readonly ('usage' | 'length')[];
  /** What the vendor's own API does not have. */
  lacks?: readonly ('tools' | 'images')[];
  /** Puts right what aimock sends differently from the vendor. */
  mend?: (body: string) => string;
}

const BEDROCK_KEYS = {
  region: 'us-east-1',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY',
};

export const VENDORS: readonly VendorCase[] = [
  { type: 'openai', path: '/v1', model: 'gpt-5', mockLacks: ['length'] },
  { type: 'openai', path: '/v1', model: 'gpt-4.1', settings: { api: 'chat' } },
  { type: 'anthropic', path: '/v1', model: 'claude-sonnet-4-5' },
  { type: 'google', path: '/v1beta', model: 'gemini-2.5-flash' },
  { type: 'azure', path: '/openai/v1', model: 'gpt-5', mockLacks: ['length'] },
  { type: 'azure', path: '/openai', model: 'gpt-5', settings: { deploymentUrls: 'true' } },
  { type: 'amazon-bedrock', path: '', model: 'us.amazon.nova-pro-v1:0', settings: BEDROCK_KEYS },
  { type: 'mistral', path: '/v1', model: 'mistral-large-latest', mockLacks: ['usage'] },
  {
    type: 'cohere',
    path: '/v2',
    model: 'command-a-vision-07-2025',
    mend: (body) => body.replaceAll('"content":{"type":"text"}', '"content":{"type":"text","text":""}'),
  },
  { type: 'groq', path: '/v1', model: 'meta-llama/llama-4-scout-17b-16e-instruct', mockLacks: ['usage'] },
  { type: 'xai', path: '/v1', model: 'grok-4', mockLacks: ['length'] },
  { type: 'deepseek', path: '/v1', model: 'deepseek-chat', lacks: ['images'] },
  { type: 'togetherai', path: '/v1', model: 'meta-llama/Llama-4-Scout-17B-16E-Instruct' },
  { type: 'fireworks', path: '/v1', model: 'accounts/fireworks/models/qwen2p5-vl-32b-instruct' },
  { type: 'cerebras', path: '/v1', model: 'llama-4-scout-17b-16e-instruct', mockLacks: ['usage'] },
  { type: 'perplexity', path: '/v1', model: 'sonar', mockLacks: ['usage'], lacks: ['tools'] },
  { type: 'openrouter', path: '/v1', model: 'openai/gpt-5' },
  { type: 'openai-compatible', path: '/v1', model: 'llama3.2' },
];

export const API_KEY = 'sk-test-1234567890abcdef';

export function configFor(vendor: VendorCase, origin: string): ProviderConfig {
  const { type, path, settings = {} } = vendor;
  const apiKey = type === 'amazon-bedrock' ? undefined : API_KEY;
  return { name: type, type, apiKey, baseURL: origin + path, headers: {}, settings, models: [] };
}
