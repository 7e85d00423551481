import type { Ask } from '../domain/ask.ts';

/** How hard a request looks, from 0 to 1, and what of that comes from where. */
export interface Complexity {
  score: number;
  features: Readonly<Partial<Record<Feature, number>>>;
}

type Feature = 'length' | 'tools' | 'code' | 'language' | 'question' | 'structure' | 'turns' | 'reasoning';

/** What each feature adds where it is there in full; together more than 1, of which 1 counts. */
const WEIGHTS: Record<Feature, number> = {
  length: 0.3,
  tools: 0.2,
  code: 0.25,
  language: 0.1,
  question: 0.35,
  structure: 0.1,
  turns: 0.1,
  reasoning: 0.4,
};

/** The length from which a prompt counts as long in full. */
const LONG_TOKENS = 8_000;
const MANY_TOOLS = 8;
const MANY_TURNS = 12;
/** What is finer says nothing, and takes room in records. */
const PRECISION = 10_000;
/** Of the last message of the user: its beginning and its end say what is wanted, also in a long one. */
const READ_CHARS = 2_000;

const CODE =
  /```|=>|#include\b|\bTraceback\b|\b(function|class|def)\s+\w+\s*[({:]|\b(const|let|var)\s+\w+\s*=|\bSELECT\b[^\n]{1,80}\bFROM\b|\bat [\w.$<>]{1,80} ?\([^\n]{1,200}:\d+|[)\w][;{]$/m;
const HARD =
  /\b(prove|proof|derive|why|explain how|analy[sz]e|compare|trade-?offs?|design|architect\w*|debug|refactor|optimi[sz]e|evaluate|critique|plan|strategy|step[- ]by[- ]step|reason\w*|beweise|warum|vergleiche|entwirf|demuestra|por qué|compara|pourquoi|démontre|comparez?)\b/i;
const EASY =
  /^\W*(hi|hello|hey|thanks?|thank you|ok|yes|no|hallo|danke|hola|gracias|bonjour|merci)\b|\b(what is|who is|when (was|is|did)|where is|translate|spell|define|capital of|how many|summari[sz]e|classify|extract|list)\b/i;
/** Letters of other scripts than the Latin one, which small models know less well. */
const OTHER_SCRIPT = /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/gu;

const EFFORTS = { NONE: 0, LOW: 0.4, MEDIUM: 0.7, HIGH: 1 } as const;

/** Cheap to find: a few microseconds, and bounded however long the prompt is. */
export function complexityOf(ask: Ask, inputTokens: number): Complexity {
  const text = readLastUserText(ask);
  const shares: Record<Feature, number> = {
    length: Math.min(1, inputTokens / LONG_TOKENS),
    tools: Math.min(1, ask.tools.length / MANY_TOOLS),
    code: CODE.test(text) ? 1 : 0,
    language: Math.min(1, (2 * (text.match(OTHER_SCRIPT)?.length ?? 0)) / Math.max(1, text.length)),
    question: HARD.test(text) ? 1 : EASY.test(text) ? 0 : 0.4,
    structure: ask.outputSchema ? 1 : 0,
    turns: Math.min(1, (ask.messages.length - 1) / MANY_TURNS),
    reasoning: EFFORTS[ask.params.reasoning ?? 'NONE'],
  };
  const features = { ...shares };
  let sum = 0;
  for (const feature of Object.keys(shares) as Feature[]) {
    features[feature] = shares[feature] * WEIGHTS[feature];
    sum += features[feature];
  }
  return { score: Math.min(1, Math.round(sum * PRECISION) / PRECISION), features };
}

function readLastUserText({ messages }: Ask): string {
  const last = messages.findLast(({ role }) => role === 'USER');
  let text = '';
  // Each is cut before it is joined with others, which would copy all of it.
  for (const part of last?.parts ?? []) if (part.type === 'text') text += `${bothEndsOf(part.text)}\n`;
  return bothEndsOf(text);
}

function bothEndsOf(text: string): string {
  return text.length <= 2 * READ_CHARS ? text : `${text.slice(0, READ_CHARS)}\n${text.slice(-READ_CHARS)}`;
}
