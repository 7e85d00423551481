/** Looks in a row that agree before anything changes. */
const IN_A_ROW = 3;
/** It is left again only well below the height at which it was passed, so that it does not flutter. */
const LEAVE_BELOW = 0.8;

/** A height that a figure has passed for a while, or not. */
export interface Brink {
  isOver(): boolean;
  /** @returns whether that changes it. */
  observe(figure: number): boolean;
}

export function createBrink(height: number): Brink {
  let over = false;
  let against = 0;
  return {
    isOver: () => over,
    observe(figure) {
      const differs = over ? figure < height * LEAVE_BELOW : figure >= height;
      against = differs ? against + 1 : 0;
      if (against < IN_A_ROW) return false;
      over = !over;
      against = 0;
      return true;
    },
  };
}
