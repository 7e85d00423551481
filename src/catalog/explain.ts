import { distance } from 'fastest-levenshtein';
import type { Capability, Model } from '../domain/model.ts';
import { type ModelIndex, splitName } from './model-index.ts';

const SUGGESTIONS = 3;
/** Longer names are compared, and shown, by their beginning: the work has a bound whatever a caller sends. */
const COMPARED_CHARS = 80;

/** Why a name leads to no model, and what would. */
export function explainMissing(index: ModelIndex, name: string): string {
  const { provider } = splitName(name);
  const listing = index.providers.get(provider);
  const shown = JSON.stringify(shorten(name));
  if (listing && !listing.info.configured) {
    const needs = listing.info.needs ?? 'its connection';
    return `provider ${JSON.stringify(provider)} of ${shown} is not configured; set ${needs} and start again`;
  }
  return `${whatIsMissing(provider, listing !== undefined, shown)}; ${whatWouldDo(index, name)}`;
}

/** Why a model that exists cannot answer with text, or with embeddings. */
export function explainOther(model: Model, wanted: Capability): string {
  const offers =
    model.capabilities.length > 0 ? `it offers ${model.capabilities.join(', ')}` : 'it is of another kind';
  const kind = wanted === 'TEXT' ? 'text' : 'embedding';
  return `${JSON.stringify(shorten(model.name))} is no ${kind} model (${offers}); name one with the capability ${wanted}`;
}

function whatIsMissing(provider: string, isKnown: boolean, shown: string): string {
  if (provider === '') return `no route called ${shown}; models are named "provider/model"`;
  return isKnown ? `provider ${JSON.stringify(provider)} has no model ${shown}` : `no provider for ${shown}`;
}

function whatWouldDo(index: ModelIndex, name: string): string {
  const nearest = suggestNames(
    name,
    index.models.map((model) => model.name),
  );
  if (nearest.length > 0) return `nearest: ${nearest.map((near) => JSON.stringify(near)).join(', ')}`;
  return `the query "models" lists the ${index.models.length} there are`;
}

/** Up to three names that are nearly the one asked for, nearest first, whatever provider was written. */
function suggestNames(asked: string, names: readonly string[]): string[] {
  const wanted = shorten(asked).toLowerCase();
  const wantedId = splitName(wanted).id;
  const farthest = Math.max(1, Math.floor(wantedId.length / 3));
  return names
    .map((name) => ({ name, off: howFar(wanted, wantedId, shorten(name).toLowerCase()) }))
    .filter(({ off }) => off <= farthest)
    .toSorted((a, b) => a.off - b.off || (a.name < b.name ? -1 : 1))
    .slice(0, SUGGESTIONS)
    .map(({ name }) => name);
}

/** The right id under a wrong or missing provider is as near as a slip of one letter. */
function howFar(wanted: string, wantedId: string, name: string): number {
  return Math.min(distance(wanted, name), distance(wantedId, splitName(name).id) + 1);
}

function shorten(name: string): string {
  return name.slice(0, COMPARED_CHARS);
}
