import { describe, expect, it } from 'vitest';
import { useConfigDirectory } from './config-directory.ts';

const { load, pathOf, problemsOf } = useConfigDirectory();

/** Each stands behind the file and the line. */
const told = (problem: string) => [`sluice.config.yaml:1 ${problem}`];

describe('an issuer of tokens', () => {
  const URL = 'https://id.example.com';
  const URL_FORM = 'must be a URL that begins with https://; http:// only on this machine';
  const ALGORITHMS = 'RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA';
  const issuers = (...members: string[]) =>
    `identity: { issuers: [${members.map((each) => `{ ${each} }`).join(', ')}] }`;

  it('needs only its URL and whom its tokens are for', () => {
    expect(load({}, issuers(`issuer: "${URL}", audience: sluice`)).identity.issuers).toEqual([
      {
        issuer: URL,
        audience: ['sluice'],
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        leewaySeconds: 30,
        claims: {
          organisation: { default: 'org_default' },
          name: { claim: 'name' },
          email: { claim: 'email' },
        },
      },
    ]);
  });

  it.each([
    ['issuer', '', 'is missing'],
    ['issuer', 'issuer: 5', 'must be text'],
    ['issuer', 'issuer: id.example.com', URL_FORM],
    ['issuer', 'issuer: "http://id.example.com"', URL_FORM],
    [
      'issuer',
      'issuer: "https://me:hunter2@id.example.com"',
      'holds a user or a password, and keys are read without',
    ],
    ['jwksUri', 'jwksUri: "file:///etc/passwd"', URL_FORM],
    ['audience', '', 'is missing'],
    ['audience', 'audience: 5', 'must be text or a list of texts'],
    ['audience', 'audience: []', 'is empty'],
    ['audience.0', 'audience: [""]', 'is empty'],
    ['algorithms', 'algorithms: RS256', 'must be a list'],
    ['algorithms', 'algorithms: []', 'is empty'],
    ['algorithms.0', 'algorithms: [none]', `is "none"; it must be one of ${ALGORITHMS}`],
    ['algorithms.1', 'algorithms: [RS256, HS256]', `is "HS256"; it must be one of ${ALGORITHMS}`],
    ['leewaySeconds', 'leewaySeconds: 61', 'is 61; it must be a whole number from 0 to 60'],
    [
      'jwks',
      'jwks: x',
      'is not known; known here: issuer, audience, jwksUri, algorithms, leewaySeconds, claims',
    ],
    ['claims', 'claims: sub', 'must be a map'],
    [
      'claims.groups',
      'claims: { groups: {} }',
      'is not known; known here: organisation, team, role, endUser, name, email',
    ],
    ['claims.team', 'claims: { team: payments }', 'must be a map'],
    ['claims.team', 'claims: { team: {} }', 'says neither a "claim" nor a "default"'],
    ['claims.team', 'claims: { team: { map: { a: b } } }', 'has a "map" and no "claim" to look up in it'],
    ['claims.role.claim', 'claims: { role: { claim: "" } }', 'is empty'],
    ['claims.role.map.admins', 'claims: { role: { claim: g, map: { admins: 5 } } }', 'must be text'],
    [
      'claims.role.default',
      `claims: { role: { default: "${'x'.repeat(257)}" } }`,
      'is longer than 256 characters',
    ],
  ])('has its %s checked: %s', (setting, member, message) => {
    const [changed = ''] = (member || setting).split(/[.:]/);
    const rest = { issuer: `issuer: "${URL}"`, audience: 'audience: sluice' };
    const members = Object.entries(rest).flatMap(([name, text]) => (name === changed ? [] : text));
    const yaml = issuers([...members, ...(member ? [member] : [])].join(', '));
    expect(problemsOf({}, yaml)).toEqual(told(`identity.issuers.0.${setting} ${message}`));
  });

  it('stands there once', () => {
    const one = `issuer: "${URL}", audience: sluice`;
    expect(problemsOf({}, issuers(one, one))).toEqual(
      told(`identity.issuers.1.issuer repeats the issuer "${URL}"`),
    );
  });
});

describe('an entry for client certificates', () => {
  const certificates = (member: string) => `identity: { certificates: [{ ${member} }] }`;
  const SUBJECT_FORM = 'it must be attributes such as "CN=web-1" or "CN=web-*,OU=Payments"';
  const SAN_FORM = 'it must be a name such as "spiffe://example.org/web" or "*.web.example.com"';
  const rest = 'team: team_default, role: CALLER';

  it('is for the default organisation unless it says another', () => {
    expect(load({}, certificates(`san: "*.web.example.com", ${rest}`)).identity.certificates).toEqual([
      { san: '*.web.example.com', organisation: 'org_default', team: 'team_default', role: 'CALLER' },
    ]);
  });

  it.each([
    [rest, ' must say either a "subject" or a "san"'],
    [`subject: CN=a, san: a.example.com, ${rest}`, ' must say either a "subject" or a "san"'],
    [`subject: web, ${rest}`, `.subject is "web"; ${SUBJECT_FORM}`],
    [`subject: "CN=", ${rest}`, `.subject is "CN="; ${SUBJECT_FORM}`],
    [`subject: "CN=a,", ${rest}`, `.subject is "CN=a,"; ${SUBJECT_FORM}`],
    [`san: "*", ${rest}`, `.san is "*"; ${SAN_FORM}`],
    [`san: "*://*/*", ${rest}`, `.san is "*://*/*"; ${SAN_FORM}`],
    [`san: "a.example.com, b.example.com", ${rest}`, `.san is "a.example.com, b.example.com"; ${SAN_FORM}`],
    [`san: 5, ${rest}`, '.san must be text'],
    ['san: a.example.com, role: CALLER', '.team is missing'],
    ['san: a.example.com, team: team_default', '.role is missing'],
    [
      `san: a.example.com, teams: x, ${rest}`,
      '.teams is not known; known here: subject, san, organisation, team, role, endUser',
    ],
  ])('is checked: %s', (member, problem) => {
    expect(problemsOf({}, certificates(member))).toEqual(told(`identity.certificates.0${problem}`));
  });
});

describe('what the server believes of a connection', () => {
  const server = (members: string) => `server: { ${members} }`;
  const RANGE_FORM = 'it must be an address or a network such as "10.0.0.0/8"';
  const PROXY = 'trustedProxies: ["10.0.0.1"]';

  it('is told by files beside the config file, by proxies and by the header of theirs', () => {
    const tls = 'tls: { cert: server.pem, key: /etc/server.key, ca: clients.pem, clientAuth: request }';
    const proxies = 'trustedProxies: ["10.0.0.0/8", "::1"], certificateHeader: X-Forwarded-Client-Cert';
    expect(load({}, server(`${tls}, ${proxies}`))).toMatchObject({
      tls: {
        cert: pathOf('server.pem'),
        key: '/etc/server.key',
        ca: pathOf('clients.pem'),
        clientAuth: 'request',
      },
      trustedProxies: ['10.0.0.0/8', '::1'],
      certificateHeader: 'x-forwarded-client-cert',
    });
  });

  it.each([
    ['tls: true', 'tls must be a map'],
    ['tls: { key: b }', 'tls.cert is missing'],
    ['tls: { cert: a }', 'tls.key is missing'],
    ['tls: { cert: "", key: b }', 'tls.cert is empty'],
    ['tls: { cert: a, key: 5 }', 'tls.key must be text'],
    [
      'tls: { cert: a, key: b, ca: c, clientAuth: yes }',
      'tls.clientAuth is "yes"; it must be one of none, request, require',
    ],
    ...['request', 'require'].map((clientAuth) => [
      `tls: { cert: a, key: b, clientAuth: ${clientAuth} }`,
      `tls has the clientAuth "${clientAuth}" and no "ca" that says whose certificates are meant`,
    ]),
    [
      'tls: { cert: a, key: b, passphrase: x }',
      'tls.passphrase is not known; known here: cert, key, ca, clientAuth',
    ],
    ['trustedProxies: "10.0.0.0/8"', 'trustedProxies must be a list'],
    ['trustedProxies: [5]', 'trustedProxies.0 must be text'],
    ['trustedProxies: ["::1", "10.0.0.0/33"]', `trustedProxies.1 is "10.0.0.0/33"; ${RANGE_FORM}`],
    ['trustedProxies: ["localhost"]', `trustedProxies.0 is "localhost"; ${RANGE_FORM}`],
    [
      `certificateHeader: "a b", ${PROXY}`,
      'certificateHeader is "a b"; it must be a name such as "x-forwarded-client-cert"',
    ],
    [
      'certificateHeader: x-forwarded-client-cert',
      'certificateHeader is believed from trustedProxies only, and there are none',
    ],
    [`regionHeader: "a b", ${PROXY}`, 'regionHeader is "a b"; it must be a name such as "x-client-region"'],
    [
      'regionHeader: x-client-region',
      'regionHeader is believed from trustedProxies only, and there are none',
    ],
  ])('is checked: %s', (members, problem) => {
    expect(problemsOf({}, server(members))).toEqual(told(`server.${problem}`));
  });
});
