import { z } from 'zod';

/** How long the halves of a tag may be, wherever it is given. */
export const tagInput = z.object({ key: z.string().min(1).max(64), value: z.string().max(256) });
