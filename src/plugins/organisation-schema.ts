import type { GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Principal } from '../domain/principal.ts';
import { LABEL_HEADER } from '../domain/prompt.ts';
import { NOBODY } from './authentication.ts';

/** The graphs that are served. */
export interface Graphs {
  /** Of whoever is not known: what all organisations share. */
  shared: GraphQLSchema;
  /** @param label for which the fields of prompts are wanted. */
  find(organisationId: string, label: string | undefined): Promise<GraphQLSchema>;
}

/**
 * Gives each operation the graph of its caller's organisation. It is found once: what has begun keeps the graph that it
 * began with, whatever is published meanwhile.
 */
export function useOrganisationSchema({ shared, find }: Graphs): Plugin {
  const found = new WeakMap<object, GraphQLSchema>();
  return {
    async onParams({ request, context }) {
      const { who } = context as { who?: Principal };
      if (!who || who === NOBODY) return;
      const label = request.headers.get(LABEL_HEADER) ?? undefined;
      found.set(context, await find(who.organisationId, label));
    },
    // Between this and the execution nothing else runs, so that no operation sees the graph of another.
    onEnveloped({ context, setSchema }) {
      setSchema(found.get(context as object) ?? shared);
    },
  };
}
