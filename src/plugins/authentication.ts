import { Kind, parse, type DocumentNode, type SelectionSetNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Authenticator } from '../access/authenticate.ts';
import type { OperationRegistry } from '../access/operations/registry.ts';
import { ensureNoLess } from '../access/watch-caller.ts';
import { Forbidden, GatewayError, Unauthenticated } from '../domain/errors.ts';
import { underPolicy, type TrustedOperation } from '../domain/operation.ts';
import type { ClientCertificate, Credentials, Principal } from '../domain/principal.ts';
import { toRefusal } from './refusal.ts';

/** An introspection query is far smaller than this. */
const MAX_TOKENS = 2_000;

/** Asks without a credential: holds no scope, and no row belongs to it. */
export const NOBODY: Principal = {
  keyId: 'nobody',
  organisationId: 'nobody',
  teamId: 'nobody',
  scopes: new Set(),
  models: ['none'],
  regions: [],
  keyRegions: [],
  allowedFrom: undefined,
  expiresAt: undefined,
  endUserId: undefined,
  tags: [],
};

/** What stands in the context of an operation before anybody is known. */
export interface Asking {
  request: Request;
  ip: string;
  certificate: ClientCertificate | undefined;
  /** What they run, once it is known to be a trusted operation. */
  operation?: TrustedOperation | undefined;
}

/**
 * Who asks is settled before the operation is even parsed, so that somebody without a key learns nothing, not from
 * a validation message either. `who` then stands in the context.
 * @param options.openIntrospection lets tools read the schema without a key.
 */
export function useAuthentication(
  authenticator: Authenticator,
  options: { openIntrospection: boolean },
): Plugin {
  return {
    async onParams({ request, params, context, setResult }) {
      const { openIntrospection } = options;
      try {
        const asking = { ...(context as unknown as Asking), request };
        Object.assign(context, { who: await authenticator.authenticate(credentialsOf(asking)) });
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        const isOpen = openIntrospection && error instanceof Unauthenticated && isIntrospection(params.query);
        if (isOpen) Object.assign(context, { who: NOBODY });
        else setResult({ errors: [toRefusal(error)] });
      }
    },
  };
}

/**
 * Asks again before each event of a subscription is handed over: a revoked or expired key gets nothing more. The
 * context is renewed with it, because what it caches would grow old for as long as the subscription lives. It stays
 * the same object: with another one for each event all the variables would be checked again with each.
 */
export function useFreshContext<Context extends Asking & { who: Principal }>(
  knowing: Knowing,
  renew: (context: Context, who: Principal) => Partial<Context>,
): Plugin {
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as unknown as Context;
      async function onNext(): Promise<void> {
        Object.assign(context, renew(context, await askAgain(knowing, context, context.who)));
      }
      return { onSubscribeResult: () => ({ onNext }) };
    },
  };
}

function credentialsOf({ request, ip, certificate }: Asking): Credentials {
  const authorization = request.headers.get('authorization') ?? undefined;
  return { authorization, ip, certificate, team: request.headers.get('x-sluice-team') || undefined };
}

/** Who knows by now who somebody is and what is trusted. */
export interface Knowing {
  authenticator: Pick<Authenticator, 'authenticate'>;
  operations: Pick<OperationRegistry, 'find'>;
}

/**
 * Who asks by now, for what they run.
 * @throws as `authenticate`; Forbidden when they may do less than `before`, or when what they run is not trusted any more.
 */
export async function askAgain(
  { authenticator, operations }: Knowing,
  asking: Asking,
  before: Principal,
): Promise<Principal> {
  const found = await authenticator.authenticate(credentialsOf(asking));
  const operation = asking.operation && (await findAgain(operations, found, asking.operation));
  const now = operation ? underPolicy(found, operation) : found;
  ensureNoLess(before, now);
  return now;
}

async function findAgain(
  operations: Knowing['operations'],
  { organisationId }: Principal,
  operation: TrustedOperation,
): Promise<TrustedOperation> {
  if (operation.hash === undefined) return operation;
  const found = await operations.find(organisationId, operation.hash);
  if (!found) throw new Forbidden(`the operation ${operation.name} is not registered any more`);
  return found;
}

/** Whether an operation asks for nothing but the schema itself. */
export function isIntrospection(query: string | undefined): boolean {
  let document: DocumentNode;
  try {
    document = parse(query ?? '', { maxTokens: MAX_TOKENS, noLocation: true });
  } catch {
    return false;
  }
  return document.definitions.every(
    (definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ||
      (definition.kind === Kind.OPERATION_DEFINITION && onlyMeta(definition.selectionSet)),
  );
}

/** At the root no fragment is followed: introspection queries of tools need none there. */
function onlyMeta({ selections }: SelectionSetNode): boolean {
  return selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'),
  );
}
