/** How many of something each name may have at a time. */
export interface Counts {
  /** @returns how to give it back, which may be called more than once; undefined when the name has all that it may. */
  take(name: string): (() => void) | undefined;
}

export function createCounts(most: number): Counts {
  const taken = new Map<string, number>();
  return {
    take(name) {
      const count = taken.get(name) ?? 0;
      if (count >= most) return undefined;
      taken.set(name, count + 1);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        const left = (taken.get(name) ?? 1) - 1;
        if (left > 0) taken.set(name, left);
        else taken.delete(name);
      };
    },
  };
}
