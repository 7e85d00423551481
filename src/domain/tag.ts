import { z } from 'zod';

/** How long the halves of a tag may be, wherever it is given. */
export const tagInput = z.object({ key: z.string().min(1).max(64), value: z.string().max(256) });

/** Tags of what the gateway asks for a task of somebody, such as an evaluation: the id of the task. Nobody else may say them. */
export const TASK_TAGS = ['evaluation', 'improvement'] as const;
export type TaskTag = { key: (typeof TASK_TAGS)[number]; value: string };

export function isTaskTag(key: string): boolean {
  return (TASK_TAGS as readonly string[]).includes(key);
}
