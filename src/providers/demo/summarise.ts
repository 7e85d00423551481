/** Words that say nothing about what a text is about. */
const COMMON = new Set(
  'the a an and or but of to in on at for with from by as is are was were be been it its this that these those he she they we you i his her their our your not no do does did have has had will would can could should'.split(
    ' ',
  ),
);
const MAX_SENTENCES = 500;

/**
 * The sentences that hold most of a text's frequent words, in their order: an extract, nothing is made up.
 * @param count how many sentences at most.
 */
export function summarise(text: string, count = 3): string {
  const sentences = splitSentences(text);
  const frequency = new Map<string, number>();
  for (const word of sentences.flatMap(significantWords)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const score = (sentence: string) => {
    const words = significantWords(sentence);
    return words.reduce((sum, word) => sum + (frequency.get(word) ?? 0), 0) / Math.sqrt(words.length || 1);
  };
  const best = sentences
    .map((sentence, index) => ({ sentence, index, score: score(sentence) }))
    .toSorted((left, right) => right.score - left.score)
    .slice(0, count)
    .toSorted((left, right) => left.index - right.index);
  return best.map(({ sentence }) => sentence).join(' ');
}

/** Words of four and more letters and whatever is not common, in lower case. */
export function significantWords(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? []).filter((word) => !COMMON.has(word));
}

function splitSentences(text: string): string[] {
  const sentences = text.match(/[^.!?\n]+[.!?]*/g) ?? [];
  return sentences
    .map((sentence) => sentence.trim())
    .filter(Boolean)
    .slice(0, MAX_SENTENCES);
}
