/** What a frontend does with the client: a page of models, and an answer that grows on the screen. */
import { createSluiceClient, SluiceError } from '../../../src/client/client.ts';
import { ModelsDocument, type ModelsQuery } from '../../../src/client/generated/graphql.ts';

const sluice = createSluiceClient({
  url: new URL('/graphql', location.href).href,
  key: async () => (await fetch('/session/key')).text(),
});

type Model = ModelsQuery['models']['nodes'][number];

export async function listModels(signal: AbortSignal): Promise<Model[]> {
  const variables = { first: 20, filter: { callable: true, capabilities: ['TEXT' as const] } };
  const { models } = await sluice.request(ModelsDocument, variables, { signal });
  return models.nodes;
}

export async function showAnswer(question: string, element: HTMLElement, signal: AbortSignal): Promise<void> {
  const input = {
    model: 'demo/assistant',
    source: { text: question },
    params: { maxOutputTokens: 500 },
    tags: [{ key: 'page', value: location.pathname }],
  };
  for await (const event of sluice.stream(input, { signal })) {
    switch (event.__typename) {
      case 'CompletionTextDelta':
        element.append(event.text);
        break;
      case 'CompletionReset':
        element.replaceChildren();
        break;
      case 'CompletionFinished':
        element.title = `${event.completion.usage?.total ?? 0} tokens, ${event.completion.cost?.amount ?? '?'} USD`;
        break;
      case 'CompletionFailed':
        element.title = event.errors.map(({ message }) => message).join('\n') || event.reason;
        break;
    }
  }
}

export async function ask(text: string): Promise<string> {
  try {
    const completion = await sluice.complete({ model: 'demo/assistant', source: { text } });
    return completion.text;
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    for (const detail of error.errors) {
      if (detail.__typename === 'RateLimitedError') return `Try again in ${detail.retryAfterMs ?? 1000} ms.`;
    }
    return error.code === 'MODEL_UNAVAILABLE' ? 'No such model.' : error.message;
  }
}
