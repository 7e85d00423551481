import { z } from 'zod';
import { choice, wholeNumberText } from './rules.ts';
import { strongSecret } from './strong-secret.ts';

/** Log levels of pino. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** The variables that are settings, by their names. Connection strings hold passwords: no message shows one. */
export const environmentSchema = z.object({
  PORT: wholeNumberText(0, 65_535).optional(),
  HOST: z.string().optional(),
  SLUICE_CONFIG: z.string().optional(),
  SLUICE_DATA_DIR: z.string().optional(),
  SLUICE_ADMIN_KEY: strongSecret.optional(),
  SLUICE_SECRET: strongSecret.optional(),
  SLUICE_ENV: choice(['development', 'production']).default('development'),
  SLUICE_DETECT: choice(['0', '1']).optional(),
  LOG_LEVEL: choice(LOG_LEVELS).default('info'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/./, 'must begin with postgres://')
    .optional(),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\/./, 'must begin with redis:// or rediss://')
    .optional(),
});
