/**
 * What an LRU cache is told to hold so many entries at most. Its own `max` takes the room for all of them at the start,
 * used or not.
 */
export function atMost(entries: number): { maxSize: number; sizeCalculation: () => number } {
  return { maxSize: entries, sizeCalculation: () => 1 };
}
