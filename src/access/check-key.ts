import { Forbidden, InvalidInput, type InputIssue } from '../domain/errors.ts';
import { OPERATION_TAG } from '../domain/operation.ts';
import type { Principal } from '../domain/principal.ts';
import { isTaskTag, tagInput } from '../domain/tag.ts';
import { isAddressRange } from '../lib/address-ranges.ts';
import type { ApiKey } from './keys.ts';
import { checkRegions } from './regions.ts';
import { findBeyond } from './rights.ts';

/** What may be said of a key. */
export type KeySettings = Pick<
  ApiKey,
  'name' | 'scopes' | 'models' | 'regions' | 'allowedIps' | 'tags' | 'publishable' | 'expiresAt'
>;

/** All of these lists are read and kept with every use of the key. */
const MODELS_MAX = 200;
const IPS_MAX = 100;
const TAGS_MAX = 10;
const NAME_MAX = 200;
const MODEL_NAME = /^[^\s\p{Cc}\p{Cs}]{1,256}$/u;
const UNREADABLE = /[\p{Cc}\p{Cs}]/u;

/**
 * What is not given is not looked at; the expiry is null for a key that never ends.
 * @param knownRegions those that there are.
 * @throws InvalidInput with every fault; Forbidden for rights that go beyond those of `who`.
 */
export function ensureKeySettings(
  who: Principal,
  settings: Partial<Omit<KeySettings, 'expiresAt'>> & { expiresAt?: Date | null },
  knownRegions: readonly string[],
): void {
  const issues = [
    ...checkName(settings.name),
    ...(settings.scopes?.length === 0
      ? fault('scopes', 'names no scope; a key without one can do nothing')
      : []),
    ...checkPublishable(settings),
    ...checkModels(settings.models),
    ...checkRegions(settings.regions ?? [], knownRegions),
    ...checkIps(settings.allowedIps),
    ...checkTags(settings.tags),
    ...(settings.expiresAt && settings.expiresAt <= new Date() ? fault('expiresAt', 'lies in the past') : []),
  ];
  if (issues.length > 0) throw new InvalidInput(issues);
  ensureNotBeyond(who, settings);
}

/** A refusal, and no slip of the pen: the audit is told. */
function ensureNotBeyond(who: Principal, settings: Parameters<typeof findBeyond>[1]): void {
  const beyond = findBeyond(who, settings);
  const [first] = beyond;
  if (!first) return;
  const message = beyond.map(([field, why]) => `input.${field} ${why}`).join('; ');
  throw new Forbidden(message, ['input', first[0]]);
}

function checkName(name: string | undefined): InputIssue[] {
  if (name === undefined || (name.trim() !== '' && name.length <= NAME_MAX)) return [];
  return fault('name', `must hold 1 to ${NAME_MAX} characters`);
}

function checkPublishable({
  publishable,
  scopes = [],
}: Partial<Pick<KeySettings, 'publishable' | 'scopes'>>): InputIssue[] {
  if (!publishable || scopes.every((scope) => scope === 'COMPLETIONS_WRITE')) return [];
  return fault('scopes', 'may be COMPLETIONS_WRITE alone: everybody can read a publishable key');
}

function checkModels(models: readonly string[] = []): InputIssue[] {
  if (models.length <= MODELS_MAX && models.every((model) => MODEL_NAME.test(model))) return [];
  return fault('models', `must hold at most ${MODELS_MAX} names of 1 to 256 visible characters`);
}

function checkIps(ips: readonly string[] = []): InputIssue[] {
  if (ips.length > IPS_MAX)
    return fault('allowedIps', `holds ${ips.length} entries; at most ${IPS_MAX} are taken`);
  return ips.flatMap((ip, index) => {
    if (isAddressRange(ip)) return [];
    const what = 'it must be an address or a network such as "10.0.0.0/8" or "2001:db8::/32"';
    return fault(`allowedIps.${index}`, `is ${JSON.stringify(ip)}; ${what}`);
  });
}

function checkTags(tags: ApiKey['tags'] = []): InputIssue[] {
  if (tags.length > TAGS_MAX)
    return fault('tags', `holds ${tags.length} tags; at most ${TAGS_MAX} are taken`);
  return tags.flatMap((tag, index) => {
    const { success } = tagInput.safeParse(tag);
    if (!success || UNREADABLE.test(tag.key + tag.value))
      return fault(
        `tags.${index}`,
        'must have a key of 1 to 64 and a value of at most 256 visible characters',
      );
    if (tag.key === OPERATION_TAG)
      return fault(`tags.${index}`, 'says "operation", which is set to the name of a trusted operation');
    if (isTaskTag(tag.key))
      return fault(`tags.${index}`, `says ${JSON.stringify(tag.key)}, which is set to the id of one`);
    if (tags.findIndex(({ key }) => key === tag.key) === index) return [];
    return fault(`tags.${index}`, `says ${JSON.stringify(tag.key)} again`);
  });
}

function fault(field: string, what: string): InputIssue[] {
  const path = ['input', ...field.split('.')];
  return [{ path, message: `${path.join('.')} ${what}` }];
}
