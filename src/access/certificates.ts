import type { CertificateConfig } from '../config/config.ts';
import { Unauthenticated } from '../domain/errors.ts';
import type { ClientCertificate } from '../domain/principal.ts';
import { isPlainText, type Identity } from './identity.ts';

/**
 * Reads who somebody is from a verified certificate, by the first entry of the configuration that it matches.
 * @returns a function that throws Unauthenticated for one that matches none.
 */
export function createCertificates(
  entries: readonly CertificateConfig[],
): (certificate: ClientCertificate) => Identity {
  const rules = entries.map((entry) => ({ entry, findSubject: toMatcher(entry) }));
  return (certificate) => {
    for (const { entry, findSubject } of rules) {
      const subject = findSubject(certificate);
      if (isPlainText(subject)) return toIdentity(entry, subject, certificate);
    }
    throw new Unauthenticated('nobody is known here by this client certificate; send a key or a token');
  };
}

/** What the holder is named by where the certificate matches: the name that did, or all of the subject. */
function toMatcher({
  subject = '',
  san,
}: CertificateConfig): (certificate: ClientCertificate) => string | undefined {
  if (san !== undefined) {
    const isUri = san.includes('://');
    const matches = isUri ? toPattern(`URI:${san}`, '[^/]+') : toPattern(`DNS:${san}`, '[^.]+', 'i');
    return ({ sans }) => sans.find((name) => matches.test(name))?.slice('URI:'.length);
  }
  const wanted = subject.split(',').map((attribute) => {
    const type = attribute.slice(0, attribute.indexOf('=') + 1);
    return { type, matches: toPattern(attribute, '.+') };
  });
  return ({ subject: attributes }) => {
    const all = wanted.every(({ type, matches }) => {
      const [value, another] = attributes.filter((attribute) => attribute.startsWith(type));
      // One that stands there twice says nothing for certain.
      return value !== undefined && another === undefined && matches.test(value);
    });
    return all ? attributes.join(',') : undefined;
  };
}

/** @param any what a `*` stands for. */
function toPattern(text: string, any: string, flags?: string): RegExp {
  const literal = text.replace(/[.+?^${}()|[\]\\/]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll('*', any)}$`, flags);
}

function toIdentity(entry: CertificateConfig, subject: string, { expiresAt }: ClientCertificate): Identity {
  const { organisation: organisationId, team: teamId, role, endUser: endUserId } = entry;
  return {
    issuer: 'mtls',
    subject,
    organisationId,
    teamId,
    roles: [role],
    defaults: { teamId: undefined, role: undefined },
    endUserId,
    name: undefined,
    email: undefined,
    expiresAt,
  };
}
