import { hash } from 'node:crypto';
import { usePersistedOperations } from '@graphql-yoga/plugin-persisted-operations';
import { Kind, parse } from 'graphql';
import { createGraphQLError, type GraphQLParams, type Plugin } from 'graphql-yoga';
import { isBrowser } from '../access/browsers.ts';
import type { OperationRegistry } from '../access/operations/registry.ts';
import type { AccessLog } from '../events/access-log.ts';
import { NO_POLICY, underPolicy, type TrustedOperation } from '../domain/operation.ts';
import type { Principal } from '../domain/principal.ts';

/** No operation that can be trusted is longer, so a longer text is not even hashed. */
const TEXT_MAX = 100_000;

const NOT_TRUSTED = 'only operations that are registered may be run here; send the hash or the text of one';

/** Parameters of a request beside those of GraphQL over HTTP. */
export const EXTRA_PARAMS = ['documentId'];

type Params = GraphQLParams & { documentId?: unknown };

/** What the transport and authentication leave in the context, and what is added here. */
interface Known {
  who?: Principal;
  operation?: TrustedOperation;
  requestId: string;
  ip: string;
}

/**
 * Lets operations be named by the hash of their text, or be sent as the text itself, and puts the policy of an operation
 * that is trusted on whoever runs it. Where `mode` is `trusted`, browsers run nothing else, and publishable keys never
 * do. Nobody registers an operation by sending it.
 * @param options.isExempt says which texts anybody may run, so that tools can read the schema.
 * @param options.accessLog hears who tried to run something else.
 * @throws Error for a document without exactly one operation that has a name.
 */
export function useTrustedDocuments(options: {
  mode: 'open' | 'trusted';
  documents: Readonly<Record<string, string>>;
  registry: Pick<OperationRegistry, 'find'>;
  isExempt(query: string): boolean;
  accessLog: Pick<AccessLog, 'refused'>;
}): Plugin[] {
  const { mode, registry, isExempt, accessLog } = options;
  const shared = readDocuments(options.documents);
  const find = async (who: Principal, id: string) =>
    (await registry.find(who.organisationId, id)) ?? shared.get(id);

  const gate: Plugin = {
    async onParams({ request, params, context }) {
      const known = context as unknown as Known;
      const { who, requestId, ip } = known;
      // Whoever is not known was refused already, and does not learn which operations there are.
      if (!who) return;
      const { query } = params;
      const id = query ? hashOf(query) : idOf(params);
      const operation = id === undefined ? undefined : await find(who, id);
      if (operation) Object.assign(known, { operation, who: underPolicy(who, operation) });
      else if (!query) throw id === undefined ? namesNothing() : isUnknown(id);
      else if ((who.publishable || (mode === 'trusted' && isPage(request))) && !isExempt(query)) {
        accessLog.refused(who, { target: 'operation', reason: NOT_TRUSTED }, { requestId, ip });
        throw refusal(NOT_TRUSTED, 'OPERATION_NOT_TRUSTED', 403);
      }
    },
  };
  const persisted = usePersistedOperations<object>({
    allowArbitraryOperations: true,
    extractPersistedOperationId: (params) => idOf(params) ?? null,
    getPersistedOperation: (_id, _request, context) => (context as unknown as Known).operation?.text ?? null,
  }) as Plugin;
  const resolveId: Plugin = {
    onParams(payload) {
      if ((payload.context as unknown as Known).who) return persisted.onParams?.(payload);
      // The refusal stands already, and nothing of this runs; without a text another error would take its place.
      if (!payload.params.query) payload.setParams({ query: '{ __typename }' });
    },
  };
  return [gate, resolveId];
}

function isPage({ method, headers }: Request): boolean {
  return isBrowser(method, (name) => headers.has(name));
}

function hashOf(query: string): string | undefined {
  return query.length <= TEXT_MAX ? hash('sha256', query) : undefined;
}

/** As Apollo's clients name it, or as the draft of GraphQL over HTTP does. */
function idOf({ extensions, documentId }: Params): string | undefined {
  const { sha256Hash } = (extensions?.['persistedQuery'] ?? {}) as { sha256Hash?: unknown };
  const id = sha256Hash ?? documentId;
  return typeof id === 'string' ? id.replace(/^sha256:/, '') : undefined;
}

/** By the id in the manifest, and by the hash of the text. */
function readDocuments(documents: Readonly<Record<string, string>>): Map<string, TrustedOperation> {
  const byId = new Map<string, TrustedOperation>();
  for (const [id, text] of Object.entries(documents)) {
    const operation = { name: nameOf(id, text), text, policy: NO_POLICY };
    byId.set(id.replace(/^sha256:/, ''), operation);
    byId.set(hash('sha256', text), operation);
  }
  return byId;
}

function nameOf(id: string, text: string): string {
  const operations = parse(text, { noLocation: true }).definitions.filter(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION,
  );
  const name = operations[0]?.name?.value;
  if (name === undefined || operations.length > 1)
    throw new Error(`operations.files: the document ${id} must hold exactly one operation, with a name`);
  return name;
}

function isUnknown(id: string) {
  return refusal(`no operation ${JSON.stringify(id.slice(0, 100))} is registered`, 'OPERATION_UNKNOWN', 404);
}

function namesNothing() {
  return refusal('send the text of an operation as "query", or name one by "documentId"', 'BAD_REQUEST', 400);
}

function refusal(message: string, code: string, status: number) {
  return createGraphQLError(message, { extensions: { code, http: { spec: true, status } } });
}
