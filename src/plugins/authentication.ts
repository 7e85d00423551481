import { Kind, parse, type DocumentNode, type SelectionSetNode } from 'graphql';
import { createGraphQLError, type Plugin } from 'graphql-yoga';
import type { Authenticator } from '../access/authenticate.ts';
import { GatewayError, Unauthenticated } from '../domain/errors.ts';
import type { Credentials, Principal } from '../domain/principal.ts';

/** An introspection query is far smaller than this. */
const MAX_TOKENS = 2_000;

/** Asks without a credential: holds no scope, and no row belongs to it. */
const NOBODY: Principal = {
  keyId: 'nobody',
  organisationId: 'nobody',
  teamId: 'nobody',
  scopes: new Set(),
  models: ['none'],
  expiresAt: undefined,
  endUserId: undefined,
  tags: [],
};

/** What stands in the context of an operation before anybody is known. */
interface Asking {
  request: Request;
  ip: string;
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
        else setResult({ errors: [toGraphQLError(error)] });
      }
    },
  };
}

/**
 * Asks again before each event of a subscription is handed over: a revoked or expired key gets nothing more. The
 * context is renewed with it, because what it caches would grow old for as long as the subscription lives. It stays
 * the same object: with another one for each event all the variables would be checked again with each.
 */
export function useFreshContext<Context extends Asking>(
  authenticator: Authenticator,
  renew: (context: Context, who: Principal) => Partial<Context>,
): Plugin {
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as unknown as Context;
      async function onNext(): Promise<void> {
        const who = await authenticator.authenticate(credentialsOf(context));
        Object.assign(context, renew(context, who));
      }
      return { onSubscribeResult: () => ({ onNext }) };
    },
  };
}

function credentialsOf({ request, ip }: Asking): Credentials {
  return { authorization: request.headers.get('authorization') ?? undefined, ip };
}

function toGraphQLError({ message, code, status }: GatewayError) {
  return createGraphQLError(message, { extensions: { code, http: { status } } });
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
