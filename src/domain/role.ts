import type { Scope } from './principal.ts';

/** The roles that every organisation has, made of scopes. An organisation may add its own. */
export const ROLES = {
  OWNER: ['OWNER'],
  ADMIN: ['ADMIN'],
  DEVELOPER: ['COMPLETIONS_WRITE', 'USAGE_READ', 'KEYS_WRITE'],
  ANALYST: ['USAGE_READ', 'AUDIT_READ'],
  CALLER: ['COMPLETIONS_WRITE'],
} as const satisfies Record<string, readonly Scope[]>;
export type BuiltInRole = keyof typeof ROLES;

export function isBuiltInRole(name: string): name is BuiltInRole {
  return Object.hasOwn(ROLES, name);
}
