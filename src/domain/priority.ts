export const PRIORITIES = ['INTERACTIVE', 'BATCH'] as const;
/** Who goes first where there is not room for all. BATCH: nobody sits in front of it and waits. */
export type Priority = (typeof PRIORITIES)[number];
