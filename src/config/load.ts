import { resolve } from 'node:path';
import type { z } from 'zod';
import type { Config, TlsConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { readConfigFile } from './config-file.ts';
import { environmentSchema } from './environment-schema.ts';
import type { Environment } from './env.ts';
import { isUrl } from '../lib/safe-url.ts';
import { fileSchema } from './file-schema.ts';
import { readManifests } from './operation-manifests.ts';
import { describeType, listProblems } from './problems.ts';

/**
 * The configuration of this process: variables, then the config file, then defaults.
 * @throws ConfigError that lists every problem at once.
 */
export function loadConfig(environment: Environment): Config {
  const { lookup, directory } = environment;
  const file = readConfigFile(directory, lookup['SLUICE_CONFIG']);
  const variables = environmentSchema.safeParse(lookup, { error: describeType });
  const settings = fileSchema(lookup).safeParse(file.content, { error: describeType });
  const manifests = readManifests(settings.data?.operations.files ?? [], directory);
  if (
    variables.success &&
    settings.success &&
    file.problems.length === 0 &&
    manifests.problems.length === 0
  ) {
    return toConfig(variables.data, settings.data, manifests.documents, directory);
  }
  throw new ConfigError([
    ...listProblems(variables.error),
    ...file.problems,
    ...listProblems(settings.error, (path) => file.locate(path)),
    ...manifests.problems,
  ]);
}

type Variables = z.output<typeof environmentSchema>;
type Settings = z.output<ReturnType<typeof fileSchema>>;

function toConfig(
  variables: Variables,
  file: Settings,
  documents: Config['operations']['documents'],
  directory: string,
): Config {
  return {
    environment: variables.SLUICE_ENV,
    port: variables.PORT ?? file.server.port,
    host: variables.HOST ?? file.server.host,
    corsOrigins: file.server.corsOrigins,
    tls: file.server.tls && locateTls(file.server.tls, directory),
    trustedProxies: file.server.trustedProxies,
    certificateHeader: file.server.certificateHeader,
    regionHeader: file.server.regionHeader,
    identity: file.identity,
    dataDir: resolve(directory, variables.SLUICE_DATA_DIR ?? file.data.dir),
    databaseUrl: variables.DATABASE_URL,
    redisUrl: variables.REDIS_URL,
    adminKey: variables.SLUICE_ADMIN_KEY,
    secret: variables.SLUICE_SECRET,
    logLevel: variables.LOG_LEVEL,
    providers: file.providers,
    webhooks: file.webhooks,
    anomalies: file.anomalies,
    flags: file.flags,
    models: file.models,
    detectProviders: variables.SLUICE_DETECT ? variables.SLUICE_DETECT === '1' : file.detectProviders,
    operations: { mode: file.operations.mode, documents },
    introspection: file.introspection ?? (variables.SLUICE_ENV === 'development' ? 'public' : 'keys'),
    network: file.network,
    prices: { ...file.prices, source: locateSource(file.prices.source, directory) },
    limits: file.limits,
    shedding: file.shedding,
    timeouts: file.timeouts,
  };
}

function locateTls({ cert, key, ca, clientAuth }: TlsConfig, directory: string): TlsConfig {
  const locate = (path: string) => resolve(directory, path);
  return { cert: locate(cert), key: locate(key), ca: ca && locate(ca), clientAuth };
}

function locateSource(source: string | undefined, directory: string): string | undefined {
  return source === undefined || isUrl(source) ? source : resolve(directory, source);
}
