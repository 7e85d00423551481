import { hash } from 'node:crypto';
import { listPublished, type PublishedPrompt } from '../../prompts/published.ts';
import type { Answer, Endpoint } from '../endpoint.ts';
import { describeAll } from './openapi.ts';

interface Written {
  text: string;
  etag: string;
}

/** By the list that it describes, which is another one as soon as anything changes. */
const written = new WeakMap<readonly PublishedPrompt[], Written>();

/** The prompts of the caller's organisation as OpenAPI 3.1. */
export const describePrompts: Endpoint = {
  method: 'GET',
  path: '/v1/openapi.json',
  points: 1,
  async answer({ gateway, who, headers }): Promise<Answer> {
    const prompts = await listPublished(gateway.prompts, who.organisationId);
    const known = written.get(prompts) ?? write(prompts);
    written.set(prompts, known);
    const { text, etag } = known;
    // It may be kept, by the client itself alone, who asks each time whether it still holds.
    const about = {
      etag,
      'cache-control': 'private, no-cache',
      vary: 'origin, authorization, x-sluice-team',
    };
    if (isKnown(headers['if-none-match'], etag)) return { status: 304, headers: about };
    return { status: 200, headers: about, body: text };
  },
};

function write(prompts: readonly PublishedPrompt[]): Written {
  const text = JSON.stringify(describeAll(prompts));
  return { text, etag: `"${hash('sha256', text).slice(0, 32)}"` };
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((each) => ['*', etag, `W/${etag}`].includes(each.trim()));
}
