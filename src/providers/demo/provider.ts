import type { Ask } from '../../domain/ask.ts';
import type { Chunk } from '../../domain/completion.ts';
import { ProviderError } from '../../domain/errors.ts';
import { raceAbort } from '../../lib/abort.ts';
import { loadTokenizer } from '../../lib/tokens.ts';
import { startCall } from '../call.ts';
import type { Provider } from '../provider.ts';
import { embed } from './embed.ts';
import { createDemoModels } from './models.ts';
import { play } from './play.ts';

/** The built-in models `demo/*`: in this process, without a key, never in the place of a real one. */
export function createDemoProvider(): Provider {
  const models = createDemoModels();

  async function* perform(
    modelId: string,
    ask: Ask,
    signal: AbortSignal,
  ): AsyncGenerator<Chunk, void, undefined> {
    signal.throwIfAborted();
    await raceAbort(loadTokenizer(), signal);
    const model = models.find(({ id }) => id === modelId);
    if (!model)
      throw new ProviderError(`demo answered 404: there is no model ${JSON.stringify(modelId)}`, {
        httpStatus: 404,
      });
    yield* ask.embeds ? embed(model.capabilities ?? [], ask) : play(model.perform(ask), ask, signal);
  }
  return {
    info: { name: 'demo', displayName: 'Demo', kind: 'DEMO', configured: true, needs: undefined },
    declaredModels: models.map(({ perform: _perform, ...known }) => known),
    catalogueId: undefined,
    openNames: false,
    continues: (modelId) => models.some(({ id, continues }) => id === modelId && continues === true),
    stream: (modelId, ask, signal) => startCall(signal, (call) => perform(modelId, ask, call)),
  };
}
