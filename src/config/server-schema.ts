import { z } from 'zod';
import { isAddressRange } from '../lib/address-ranges.ts';
import { choice, mapOf, quote, wholeNumber } from './rules.ts';

const file = z.string().min(1, 'is empty');

const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  error: (issue) => `is ${quote(issue.input)}; it must be an origin such as "https://app.example.com"`,
});

const tls = mapOf({
  cert: file,
  key: file,
  ca: file.optional(),
  clientAuth: choice(['none', 'request', 'require']).default('none'),
}).superRefine(({ ca, clientAuth }, ctx) => {
  // Without one, a certificate of any public authority would count as verified.
  if (clientAuth === 'none' || ca !== undefined) return;
  ctx.addIssue(`has the clientAuth "${clientAuth}" and no "ca" that says whose certificates are meant`);
});

const headerName = (example: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9-]{1,100}$/, {
      error: (issue) => `is ${quote(issue.input)}; it must be a name such as "${example}"`,
    })
    .transform((name) => name.toLowerCase());

/** Where the server listens, and what it believes of a connection. */
export const server = mapOf({
  port: wholeNumber(0, 65_535).default(4000),
  host: z.string().min(1, 'is empty').default('127.0.0.1'),
  corsOrigins: z.array(origin).default([]),
  tls: tls.optional(),
  trustedProxies: z
    .array(
      z.string().refine(isAddressRange, {
        error: (issue) => `is ${quote(issue.input)}; it must be an address or a network such as "10.0.0.0/8"`,
      }),
    )
    .default([]),
  certificateHeader: headerName('x-forwarded-client-cert').optional(),
  regionHeader: headerName('x-client-region').optional(),
}).superRefine((given, ctx) => {
  if (given.trustedProxies.length > 0) return;
  for (const name of ['certificateHeader', 'regionHeader'] as const) {
    if (given[name] === undefined) continue;
    const message = 'is believed from trustedProxies only, and there are none';
    ctx.addIssue({ code: 'custom', path: [name], message });
  }
});
