// Before @peculiar/x509, which needs it.
import 'reflect-metadata';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type JsonGeneralNames,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 24 * 3_600_000;

/** In PEM, as TLS takes them. */
export interface KeyAndCertificate {
  cert: string;
  key: string;
}

export interface CertificateWishes {
  subject: string;
  sans?: JsonGeneralNames;
  notAfter?: Date;
}

export interface Authority {
  cert: string;
  issue(wishes: CertificateWishes): Promise<KeyAndCertificate>;
}

/** A certificate authority of this moment. */
export async function makeAuthority(name: string): Promise<Authority> {
  const keys = await makeKeys();
  const own = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    cert: own.toString('pem'),
    async issue({ subject, sans = [], notAfter = new Date(Date.now() + DAY_MS) }) {
      const { publicKey, privateKey } = await makeKeys();
      const issued = await X509CertificateGenerator.create({
        subject,
        issuer: own.subject,
        publicKey,
        signingKey: keys.privateKey,
        notBefore: new Date(Date.now() - DAY_MS),
        notAfter,
        signingAlgorithm: ALGORITHM,
        extensions: sans.length > 0 ? [new SubjectAlternativeNameExtension(sans)] : [],
      });
      const pkcs8 = await crypto.subtle.exportKey('pkcs8', privateKey);
      return { cert: issued.toString('pem'), key: PemConverter.encode(pkcs8, 'PRIVATE KEY') };
    },
  };
}

function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

/** Files of a server in a directory of their own. */
export async function writeServerFiles(authority: Authority, clients: Authority) {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-tls-'));
  const { cert, key } = await authority.issue({
    subject: 'CN=localhost',
    sans: [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ],
  });
  const paths = {
    cert: join(directory, 'server.pem'),
    key: join(directory, 'server.key'),
    ca: join(directory, 'clients.pem'),
  };
  await writeFile(paths.cert, cert);
  await writeFile(paths.key, key);
  await writeFile(paths.ca, clients.cert);
  return { ...paths, remove: () => rm(directory, { recursive: true }) };
}
