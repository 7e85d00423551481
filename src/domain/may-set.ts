import { Forbidden } from './errors.ts';
import { hasScope, type Principal } from './principal.ts';

/** What a budget or a limit is set on. */
interface Subject {
  scope: string;
  subjectId: string;
  teamId: string | undefined;
}

/**
 * Whoever a budget or a limit holds for must not be who sets it: nobody raises their own.
 * @throws Forbidden, at `path`.
 */
export function ensureMaySet(
  who: Principal,
  what: 'BUDGETS' | 'LIMITS',
  { scope, subjectId, teamId }: Subject,
  path: string[],
): void {
  if (hasScope(who, 'ADMIN')) return;
  const isOther = scope === 'KEY' && teamId === who.teamId && subjectId !== who.keyId;
  if (isOther && hasScope(who, `${what}_WRITE`)) return;
  throw new Forbidden(
    `with ${what}_WRITE a key sets ${what.toLowerCase()} on other keys of its team; all others need ADMIN`,
    path,
  );
}
