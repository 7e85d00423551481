import { LRUCache } from 'lru-cache';
import type { Sql } from 'postgres';
import { NotFound } from '../domain/errors.ts';
import { keepReading } from '../lib/keep-reading.ts';
import { LATEST, type PromptRef, type PromptVersion } from '../domain/prompt.ts';
import { findPromptVersion, findPromptVersions, readPrompts, type LabelledPrompt } from './rows.ts';
import { compilePrompt, type CompiledPrompt } from './template/template.ts';

/** A change made where no event reaches us is seen after this. */
const TRUST_MS = 5_000;
/** Those that asked last. */
const KEPT_ORGANISATIONS = 200;
const KEPT_VERSIONS = 2_000;

/** A version, ready to write messages. */
export interface ReadyVersion extends PromptVersion {
  compiled: CompiledPrompt;
}

/** Prompts as they stand, mostly from memory. */
export interface PromptBook {
  /** Those that are not archived, by slug. The same map until something changes. */
  list(organisationId: string): Promise<ReadonlyMap<string, LabelledPrompt>>;
  /** @throws NotFound for no such prompt, label or version. */
  ensure(organisationId: string, ref: Pick<PromptRef, 'slug' | 'label' | 'version'>): Promise<ReadyVersion>;
  /** The number of a version of the organisation's own; undefined for no such version. */
  findNumber(organisationId: string, versionId: string): Promise<number | undefined>;
  /** Reads those of an organisation anew when they are next asked for. */
  forget(organisationId: string): void;
}

type BySlug = ReadonlyMap<string, LabelledPrompt>;

/** A version never changes, so what is known of it holds for good; what labels stand for does not. */
export function createPromptBook(sql: Sql): PromptBook {
  // Of promises, so that callers that come at once share one read, and one that a change overtakes is not kept.
  const prompts = new LRUCache<string, Promise<BySlug>>({ max: KEPT_ORGANISATIONS, ttl: TRUST_MS });
  const versions = new LRUCache<string, Promise<ReadyVersion>>({ max: KEPT_VERSIONS });
  const numbers = new LRUCache<string, Promise<number | undefined>>({ max: KEPT_VERSIONS });

  function list(organisationId: string): Promise<BySlug> {
    return keepReading(prompts, organisationId, async () => {
      const found = await readPrompts(sql, organisationId);
      return new Map(found.filter(({ archivedAt }) => !archivedAt).map((prompt) => [prompt.slug, prompt]));
    });
  }

  return {
    list,
    async ensure(organisationId, ref) {
      const prompt = (await list(organisationId)).get(ref.slug);
      if (!prompt) throw new NotFound('prompt', ref.slug);
      const number = ref.version ?? numberOf(prompt, ref.label);
      if (number === undefined) throw new NotFound(`label of the prompt ${ref.slug}`, ref.label);
      return keepReading(versions, `${prompt.id} ${number}`, async () => {
        const found = await findPromptVersion(sql, organisationId, { promptId: prompt.id, number });
        if (!found) throw new NotFound(`version of the prompt ${ref.slug}`, String(number));
        numbers.set(`${organisationId} ${found.id}`, Promise.resolve(number));
        return { ...found, compiled: compilePrompt(found.spec) };
      });
    },
    findNumber: (organisationId, versionId) =>
      keepReading(numbers, `${organisationId} ${versionId}`, async () => {
        const [found] = await findPromptVersions(sql, organisationId, [versionId]);
        return found?.number;
      }),
    forget: (organisationId) => void prompts.delete(organisationId),
  };
}

function numberOf({ labels, version }: LabelledPrompt, label: string): number | undefined {
  return label === LATEST ? version : labels.get(label);
}
