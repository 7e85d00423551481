import { continueClaude, continueCompatible, FROM_LAST_MESSAGE } from './continuation.ts';
import type { ProviderRow, VendorOptions } from './row.ts';

/** Every vendor the gateway speaks to. Adding one is adding a row. */
export const PROVIDER_TABLE: readonly ProviderRow[] = [
  {
    type: 'openai',
    displayName: 'OpenAI',
    kind: 'CLOUD',
    catalogueId: 'openai',
    openNames: false,
    signIn: [{ apiKey: 'OPENAI_API_KEY' }],
    optional: { baseURL: 'OPENAI_BASE_URL' },
    baseURL: 'https://api.openai.com/v1',
    strictSchemaKey: 'openai',
    async load(options) {
      const { createOpenAI } = await import('@ai-sdk/openai');
      const openai = createOpenAI(common(options));
      return options.settings['api'] === 'chat' ? openai.chat : openai.responses;
    },
    async loadEmbedder(options) {
      const { createOpenAI } = await import('@ai-sdk/openai');
      return createOpenAI(common(options)).embeddingModel;
    },
  },
  {
    type: 'anthropic',
    displayName: 'Anthropic',
    kind: 'CLOUD',
    catalogueId: 'anthropic',
    openNames: false,
    signIn: [{ apiKey: 'ANTHROPIC_API_KEY' }],
    optional: { baseURL: 'ANTHROPIC_BASE_URL' },
    baseURL: 'https://api.anthropic.com/v1',
    // https://docs.claude.com/en/docs/prefill-claudes-response
    continuation: continueClaude,
    load: async (options) => (await import('@ai-sdk/anthropic')).createAnthropic(common(options)),
  },
  {
    type: 'google',
    displayName: 'Google Gemini',
    kind: 'CLOUD',
    catalogueId: 'google',
    openNames: false,
    signIn: [{ apiKey: 'GOOGLE_GENERATIVE_AI_API_KEY' }, { apiKey: 'GEMINI_API_KEY' }],
    load: async (options) => (await import('@ai-sdk/google')).createGoogle(common(options)),
    loadEmbedder: async (options) =>
      (await import('@ai-sdk/google')).createGoogle(common(options)).embeddingModel,
  },
  {
    type: 'azure',
    displayName: 'Azure OpenAI',
    kind: 'CLOUD',
    catalogueId: 'azure',
    openNames: true,
    signIn: [
      { apiKey: 'AZURE_API_KEY', resourceName: 'AZURE_RESOURCE_NAME' },
      { apiKey: 'AZURE_API_KEY', baseURL: 'AZURE_BASE_URL' },
    ],
    optional: { apiVersion: 'AZURE_API_VERSION' },
    strictSchemaKey: 'azure',
    async load(options) {
      const { createAzure } = await import('@ai-sdk/azure');
      const { resourceName, apiVersion, api, deploymentUrls } = options.settings;
      const useDeploymentBasedUrls = deploymentUrls === 'true';
      const azure = createAzure({ ...common(options), resourceName, apiVersion, useDeploymentBasedUrls });
      return api === 'chat' || useDeploymentBasedUrls ? azure.chat : azure.responses;
    },
  },
  {
    type: 'amazon-bedrock',
    displayName: 'Amazon Bedrock',
    kind: 'CLOUD',
    catalogueId: 'aws',
    openNames: true,
    signIn: [
      { accessKeyId: 'AWS_ACCESS_KEY_ID', secretAccessKey: 'AWS_SECRET_ACCESS_KEY', region: 'AWS_REGION' },
      { apiKey: 'AWS_BEARER_TOKEN_BEDROCK', region: 'AWS_REGION' },
    ],
    optional: { sessionToken: 'AWS_SESSION_TOKEN' },
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
    continuation: continueClaude,
    async load(options) {
      const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock');
      const { region, accessKeyId, secretAccessKey, sessionToken } = options.settings;
      // An empty key keeps the package from taking AWS_BEARER_TOKEN_BEDROCK instead of the configured pair.
      const { apiKey = '' } = options;
      return createAmazonBedrock({
        ...common(options),
        apiKey,
        region,
        accessKeyId,
        secretAccessKey,
        sessionToken,
      });
    },
  },
  {
    type: 'mistral',
    displayName: 'Mistral',
    kind: 'CLOUD',
    catalogueId: 'mistral',
    openNames: false,
    signIn: [{ apiKey: 'MISTRAL_API_KEY' }],
    // The package sets `prefix` on a last message of the assistant. https://docs.mistral.ai/guides/prefix/
    continuation: () => ({ repeats: true }),
    load: async (options) => (await import('@ai-sdk/mistral')).createMistral(common(options)),
    loadEmbedder: async (options) =>
      (await import('@ai-sdk/mistral')).createMistral(common(options)).embeddingModel,
  },
  {
    type: 'cohere',
    displayName: 'Cohere',
    kind: 'CLOUD',
    catalogueId: 'cohere',
    openNames: false,
    signIn: [{ apiKey: 'COHERE_API_KEY' }],
    load: async (options) => (await import('@ai-sdk/cohere')).createCohere(common(options)),
    loadEmbedder: async (options) =>
      (await import('@ai-sdk/cohere')).createCohere(common(options)).embeddingModel,
  },
  {
    type: 'groq',
    displayName: 'Groq',
    kind: 'CLOUD',
    catalogueId: 'groq',
    openNames: false,
    signIn: [{ apiKey: 'GROQ_API_KEY' }],
    // https://console.groq.com/docs/prefilling
    continuation: () => FROM_LAST_MESSAGE,
    strictSchemaKey: 'groq',
    load: async (options) => (await import('@ai-sdk/groq')).createGroq(common(options)),
  },
  {
    type: 'xai',
    displayName: 'xAI',
    kind: 'CLOUD',
    catalogueId: 'x-ai',
    openNames: false,
    signIn: [{ apiKey: 'XAI_API_KEY' }],
    load: async (options) => (await import('@ai-sdk/xai')).createXai(common(options)),
  },
  {
    type: 'deepseek',
    displayName: 'DeepSeek',
    kind: 'CLOUD',
    catalogueId: 'deepseek',
    openNames: false,
    signIn: [{ apiKey: 'DEEPSEEK_API_KEY' }],
    // Under its beta address only. https://api-docs.deepseek.com/guides/chat_prefix_completion
    continuation: (_modelId, { baseURL }) =>
      baseURL?.endsWith('/beta') ? { ofMessage: { deepseek: { prefix: true } } } : undefined,
    load: async (options) => (await import('@ai-sdk/deepseek')).createDeepSeek(common(options)),
  },
  {
    type: 'togetherai',
    displayName: 'Together AI',
    kind: 'CLOUD',
    catalogueId: 'together',
    openNames: true,
    signIn: [{ apiKey: 'TOGETHER_API_KEY' }, { apiKey: 'TOGETHER_AI_API_KEY' }],
    strictSchemaKey: 'openaiCompatible',
    schemaInPrompt: true,
    load: async (options) => (await import('@ai-sdk/togetherai')).createTogetherAI(common(options)),
  },
  {
    type: 'fireworks',
    displayName: 'Fireworks',
    kind: 'CLOUD',
    catalogueId: 'fireworks',
    openNames: true,
    signIn: [{ apiKey: 'FIREWORKS_API_KEY' }],
    strictSchemaKey: 'openaiCompatible',
    load: async (options) => (await import('@ai-sdk/fireworks')).createFireworks(common(options)),
  },
  {
    type: 'cerebras',
    displayName: 'Cerebras',
    kind: 'CLOUD',
    catalogueId: 'cerebras',
    openNames: false,
    signIn: [{ apiKey: 'CEREBRAS_API_KEY' }],
    strictSchemaKey: 'openaiCompatible',
    load: async (options) => (await import('@ai-sdk/cerebras')).createCerebras(common(options)),
  },
  {
    type: 'perplexity',
    displayName: 'Perplexity',
    kind: 'CLOUD',
    catalogueId: 'perplexity',
    openNames: false,
    signIn: [{ apiKey: 'PERPLEXITY_API_KEY' }],
    load: async (options) => (await import('@ai-sdk/perplexity')).createPerplexity(common(options)),
  },
  {
    type: 'openrouter',
    displayName: 'OpenRouter',
    kind: 'CLOUD',
    catalogueId: 'openrouter',
    openNames: true,
    signIn: [{ apiKey: 'OPENROUTER_API_KEY' }],
    baseURL: 'https://openrouter.ai/api/v1',
    strictSchemaKey: 'openaiCompatible',
    continuation: continueCompatible,
    load: loadOpenAICompatible,
    loadEmbedder: async (options) => (await loadOpenAICompatible(options)).embeddingModel,
  },
  {
    type: 'openai-compatible',
    displayName: 'OpenAI-compatible server',
    kind: 'COMPATIBLE',
    openNames: true,
    signIn: [],
    strictSchemaKey: 'openaiCompatible',
    continuation: continueCompatible,
    load: loadOpenAICompatible,
    loadEmbedder: async (options) => (await loadOpenAICompatible(options)).embeddingModel,
  },
];

async function loadOpenAICompatible(options: VendorOptions) {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const { name, baseURL = '' } = options;
  const server = { ...common(options), name, baseURL, includeUsage: true, supportsStructuredOutputs: true };
  return createOpenAICompatible(server);
}

/** What every package takes under the same names. */
function common({ apiKey, baseURL, headers, fetch }: VendorOptions) {
  return { apiKey, baseURL, headers, fetch };
}
