import { describe, expect, it } from 'vitest';
import { useConfigDirectory } from './config-directory.ts';

const STRONG = '9f2c71d08be64a35c1f7e2098d4b6a53';
const { load, pathOf, problemsOf } = useConfigDirectory();

describe('without any setting', () => {
  it('everything has a default', () => {
    expect(load()).toEqual({
      environment: 'development',
      port: 4000,
      host: '127.0.0.1',
      corsOrigins: [],
      tls: undefined,
      trustedProxies: [],
      certificateHeader: undefined,
      regionHeader: undefined,
      identity: { issuers: [], certificates: [] },
      dataDir: pathOf('data'),
      databaseUrl: undefined,
      redisUrl: undefined,
      adminKey: undefined,
      secret: undefined,
      logLevel: 'info',
      providers: [],
      webhooks: [],
      anomalies: {
        enabled: true,
        sensitivity: 8,
        brake: 'none',
        brakeMinutes: 60,
        minimumNanos: 1_000_000_000n,
      },
      models: { aliases: {}, lifecycles: {}, warnDays: [30, 7, 1] },
      flags: { timeoutMs: 100, cacheMs: 5_000 },
      detectProviders: true,
      operations: { mode: 'open', documents: {} },
      introspection: 'public',
      network: { allowPrivate: [] },
      prices: { source: undefined, refreshHours: 24 },
      limits: {
        bodyBytes: 12_000_000,
        operationDepth: 12,
        operationAliases: 30,
        operationTokens: 4_000,
        operationDirectives: 30,
        operationRootFields: 50,
        operationCost: 25_000,
        variableDepth: 256,
        variableValues: 200_000,
        operationsPerSocket: 100,
        messagesPerSecond: 100,
        socketsPerAddress: 1_000,
        socketsPerKey: 1_000,
        subscriptionsPerKey: 10_000,
        failedCredentialsPerMinute: 60,
        each: [],
        upstreamCalls: 256,
        queue: { length: 1_000, waitMs: 30_000 },
      },
      shedding: { loopDelayMs: 1_000, memoryPercent: 95, databaseMs: 10_000 },
      timeouts: {
        firstChunkMs: 60_000,
        idleMs: 60_000,
        totalMs: 600_000,
        holdMs: 30_000,
        abandonMs: 10_000,
        stalledReaderMs: 15_000,
        headersMs: 10_000,
        requestMs: 60_000,
        operationMs: 630_000,
        socketInitMs: 3_000,
        idleSocketMs: 600_000,
        drainMs: 20_000,
        sharedLimitsMs: 40,
      },
    });
  });

  it('an empty variable, and a key with nothing after it, count as not set', () => {
    expect(load({ PORT: '', DATABASE_URL: ' ' }, 'server:\nproviders:\n')).toEqual(load());
  });
});

describe('variables', () => {
  it('set what they name', () => {
    const config = load({
      PORT: '0',
      HOST: '0.0.0.0',
      SLUICE_DATA_DIR: '/var/lib/sluice',
      SLUICE_ADMIN_KEY: `sk-sluice-${STRONG}`,
      SLUICE_SECRET: STRONG,
      SLUICE_ENV: 'production',
      SLUICE_DETECT: '0',
      LOG_LEVEL: 'debug',
      DATABASE_URL: 'postgres://sluice:pw@db/sluice',
      REDIS_URL: 'rediss://cache:6379',
    });
    expect(config).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      dataDir: '/var/lib/sluice',
      adminKey: `sk-sluice-${STRONG}`,
      secret: STRONG,
      environment: 'production',
      detectProviders: false,
      logLevel: 'debug',
      databaseUrl: 'postgres://sluice:pw@db/sluice',
      redisUrl: 'rediss://cache:6379',
    });
  });

  it('come before the file', () => {
    const yaml =
      'server: { port: 1111, host: 0.0.0.0 }\ndata: { dir: ./elsewhere }\ndetectProviders: false\n';
    expect(load({}, yaml)).toMatchObject({ port: 1111, host: '0.0.0.0', detectProviders: false });
    expect(load({}, yaml).dataDir).toBe(pathOf('elsewhere'));
    expect(
      load({ PORT: '2222', HOST: '::1', SLUICE_DATA_DIR: 'here', SLUICE_DETECT: '1' }, yaml),
    ).toMatchObject({
      port: 2222,
      host: '::1',
      dataDir: pathOf('here'),
      detectProviders: true,
    });
  });

  it.each([
    [{ PORT: 'abc' }, 'PORT is "abc"; it must be a whole number from 0 to 65535'],
    [{ PORT: '65536' }, 'PORT is "65536"; it must be a whole number from 0 to 65535'],
    [{ PORT: '40.5' }, 'PORT is "40.5"; it must be a whole number from 0 to 65535'],
    [{ SLUICE_ENV: 'prod' }, 'SLUICE_ENV is "prod"; it must be one of development, production'],
    [{ SLUICE_DETECT: 'no' }, 'SLUICE_DETECT is "no"; it must be one of 0, 1'],
    [
      { LOG_LEVEL: 'loud' },
      'LOG_LEVEL is "loud"; it must be one of trace, debug, info, warn, error, fatal, silent',
    ],
    [{ DATABASE_URL: 'mysql://u:hunter2@x' }, 'DATABASE_URL must begin with postgres://'],
    [{ REDIS_URL: 'http://u:hunter2@x' }, 'REDIS_URL must begin with redis:// or rediss://'],
  ])('are checked: %j', (variables, problem) => {
    expect(problemsOf(variables)).toEqual([problem]);
  });
});

describe.each(['SLUICE_ADMIN_KEY', 'SLUICE_SECRET'])('%s', (name) => {
  it.each([
    'changeme',
    'admin',
    'sk-1234',
    'testtesttesttesttesttesttesttest',
    'change-me-change-me-change-me-change-me',
    'sk-sluice-changeme-changeme-password-1234567890',
    'your-secret-api-key-here-replace-this-placeholder',
    '0123456789abcdef0123456789abcdef',
    '00000000000000000000000000000000000',
    'a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6',
  ])('is refused when short or a known default, and never shown: %s', (secret) => {
    const problems = problemsOf({ [name]: secret });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} (is \\d+ characters long|can be guessed)`));
    expect(problems[0]).not.toContain(secret);
  });

  it.each([STRONG, 'sk-sluice-7Qm2ZxVt4LwRb9KcNf3HsYd8', '1f0e5b0c-2d8f-4b7e-9a61-c3d2e4f5a6b7'])(
    'is taken when it is random: %s',
    (secret) => expect(problemsOf({ [name]: secret })).toEqual([]),
  );
});

describe('several problems', () => {
  it('are told at once, each with its place', () => {
    const yaml = 'server:\n  port: 99999\n  hots: x\nproviders:\n  a:\n    apiKey: literal\n';
    expect(problemsOf({ PORT: 'x', REDIS_URL: 'y' }, yaml)).toEqual([
      'PORT is "x"; it must be a whole number from 0 to 65535',
      'REDIS_URL must begin with redis:// or rediss://',
      'sluice.config.yaml:2 server.port is 99999; it must be a whole number from 0 to 65535',
      'sluice.config.yaml:3 server.hots is not known; known here: port, host, corsOrigins, tls, trustedProxies, certificateHeader, regionHeader',
      expect.stringMatching(/^sluice\.config\.yaml:6 providers\.a\.apiKey must be a reference/),
    ]);
  });

  it('are counted in a message that fits a terminal', () => {
    expect(() => load({ PORT: 'x' })).toThrow(/^the configuration has 1 problem:\n {2}PORT is "x"; [^\n]+$/);
  });
});
