import type { ModelConfig } from '../../config/config.ts';
import type { Ask } from '../../domain/ask.ts';
import type { Capability } from '../../domain/model.ts';
import { ProviderError } from '../../domain/errors.ts';
import { assist } from './assistant.ts';
import type { Script } from './play.ts';
import { lastUserText } from './read-ask.ts';

/** A demo model: what is known of it, and what it makes of an ask. Throws to refuse as a vendor would. */
export interface DemoModel extends ModelConfig {
  perform(ask: Ask): Script;
}

const FREE = { input: '0', output: '0' };
const TEXT: Capability[] = ['TEXT'];
const ALL: Capability[] = ['TEXT', 'VISION', 'TOOLS', 'JSON_SCHEMA'];
const SIZE = { contextWindow: 1_000_000, maxOutputTokens: 16_384 };

const CONTINUES = { continues: true };

/** The models that need no key. They show, and let tests see, how the gateway takes each kind of answer. */
export function createDemoModels(): DemoModel[] {
  return [
    demo('assistant', 'answers from the request itself', assist, { capabilities: ALL, ...CONTINUES }),
    demo('echo', 'says what was said', (ask) => ({ text: lastUserText(ask) }), CONTINUES),
    demo('slow', 'ten words a second', () => ({ text: SLOW_TEXT, paceMs: 100 }), CONTINUES),
    demo('reasoning', 'thinks first', reason, { capabilities: ['TEXT', 'REASONING'] }),
    demo('flaky', 'fails, is overloaded, answers', createFlaky()),
    demo('error', 'always fails', () => failWith(500)),
    demo('cut', 'breaks off', breakOff, CONTINUES),
    demo('silent', 'never answers', () => ({ silent: true })),
    demo('unmetered', 'reports no usage', (ask) => ({ ...assist(ask), unmetered: true }), {
      capabilities: ALL,
    }),
    demo('expensive', 'has a price', assist, {
      capabilities: ALL,
      price: { input: '150', output: '600' },
      ...CONTINUES,
    }),
    demo('unpriced', 'has no known price', assist, { capabilities: ALL, price: undefined }),
    demo('embedder', 'compares letters, not meanings', refuseText, {
      capabilities: ['EMBEDDINGS'],
      price: { input: '0.02', output: '0' },
      maxOutputTokens: undefined,
    }),
  ];
}

function demo(
  id: string,
  trait: string,
  perform: DemoModel['perform'],
  known: Partial<ModelConfig> = {},
): DemoModel {
  return { id, displayName: `Demo: ${trait}`, capabilities: TEXT, price: FREE, ...SIZE, ...known, perform };
}

const SLOW_TEXT = [
  'A sluice is a water channel that is controlled at its head by a gate.',
  'Millers raised the gate by hand, a finger at a time, and the wheel took only what it could use.',
  'What came down too fast went over the weir, and what came too late kept the whole village waiting.',
  'This demo model is slow on purpose, so that there is time to watch a stream, to cancel it, to lose the',
  'connection, and to see that nothing is lost, repeated or paid for twice.',
].join(' ');

/** Breaks off each time, unless it is asked to go on from where it did. */
function breakOff({ answerSoFar }: Ask): Script {
  return answerSoFar === undefined ? { text: SLOW_TEXT, cutAfterWords: 5 } : { text: SLOW_TEXT };
}

function reason(ask: Ask): Script {
  const text = lastUserText(ask);
  const words = text.split(/\s+/).filter(Boolean).length;
  const reasoning = `The last message has ${words} words. Nothing was asked of a model, so the honest answer is to say so.`;
  return { reasoning, ...assist(ask) };
}

/** The first call fails, the second is one too many, the third is answered; then it begins again. */
function createFlaky(): DemoModel['perform'] {
  let calls = 0;
  return (ask) => {
    calls += 1;
    if (calls % 3 === 1) failWith(500);
    if (calls % 3 === 2) failWith(429);
    return assist(ask);
  };
}

function refuseText(): never {
  throw new ProviderError('demo answered 400: this model only embeds', { httpStatus: 400 });
}

function failWith(httpStatus: 500 | 429): never {
  if (httpStatus === 500)
    throw new ProviderError('demo answered 500: it fails on purpose', { httpStatus, retryable: true });
  throw new ProviderError('demo answered 429: it is overloaded on purpose', {
    code: 'RATE_LIMITED',
    httpStatus,
    retryable: true,
    retryAfterMs: 1_000,
  });
}
