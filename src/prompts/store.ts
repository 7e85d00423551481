import type { Sql, TransactionSql } from 'postgres';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudits, type AuditRecord } from '../events/audit.ts';
import type { PromptVersion } from '../domain/prompt.ts';
import { appendEvents } from '../events/outbox.ts';
import type { PromptBook } from './book.ts';
import type { LabelledPrompt } from './rows.ts';

/** What changing prompts needs. */
export interface PromptStore {
  sql: Sql;
  book: PromptBook;
  /** What is wrong with the model, alias or route that a version names, and what would do; undefined for nothing. */
  findModelFault(organisationId: string, name: string): string | undefined;
  /**
   * Whether a version may stand behind a label, or may go from there.
   * @param tx the only connection that may be asked.
   * @throws InvalidInput, Conflict.
   */
  checkPublishable(tx: TransactionSql, publishing: Publishing): Promise<void>;
  /** @throws Forbidden for whoever may have asked for it itself; Conflict where the requester is gone. */
  ensureMayDecide(who: Principal, requesterId: string): Promise<void>;
  /** A change was committed. */
  onChange(): void;
}

/** A version that is to stand behind a label; undefined: none is, the label goes or the prompt with it. */
export interface Publishing {
  prompt: LabelledPrompt;
  label: string;
  version: PromptVersion | undefined;
}

/** A change of a prompt, and which request made it. */
export interface PromptChange extends Pick<AuditRecord, 'action' | 'targetId' | 'before' | 'after'> {
  by: Origin;
}

/** Does one change after the other of an organisation, all or nothing; when it returns, it holds in this process. */
export async function changePrompts<T>(
  { sql, book, onChange }: PromptStore,
  { organisationId }: Principal,
  change: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  const done = await sql.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(hashtextextended(${`prompts ${organisationId}`}, 0))`;
    return change(tx);
  });
  book.forget(organisationId);
  onChange();
  return done as T;
}

/** Tells the other instances, and the audit; the last of a transaction. */
export async function tellOfPrompt(tx: TransactionSql, who: Principal, change: PromptChange): Promise<void> {
  await tellOfPrompts(tx, who, [change]);
}

/** The same of several, in their order. */
export async function tellOfPrompts(
  tx: TransactionSql,
  { organisationId, keyId: actorId }: Principal,
  changes: readonly PromptChange[],
): Promise<void> {
  const subjects = [...new Set(changes.map(({ targetId }) => targetId))];
  await appendEvents(
    tx,
    subjects.map((subjectId) => ({ kind: 'PROMPT_CHANGED', organisationId, subjectId })),
  );
  const records = changes.map(({ by, ...change }) => ({ organisationId, actorId, ...change, ...by }));
  await appendAudits(tx, records);
}
