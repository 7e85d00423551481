import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import DirectivesPlugin from '@pothos/plugin-directives';
import FederationPlugin from '@pothos/plugin-federation';
import RelayPlugin from '@pothos/plugin-relay';
import type { GraphContext } from './context.ts';
import { decodeNodeId, encodeNodeId } from './node-ids.ts';

interface SchemaTypes {
  Context: GraphContext;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
    SafeInt: { Input: number; Output: number };
    Decimal: { Input: bigint; Output: bigint };
    Cursor: { Input: string; Output: string };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ComplexityPlugin, RelayPlugin, DirectivesPlugin, FederationPlugin],
  defaultFieldNullability: false,
  complexity: { defaultComplexity: 1, defaultListMultiplier: 10 },
  relay: {
    idFieldName: 'id',
    // Nodes are loaded without the cache of this plugin: it gives the second of two askers what has no type yet.
    brandLoadedObjects: true,
    encodeGlobalID: (typename, id) => encodeNodeId(typename, String(id)),
    decodeGlobalID: decodeNodeId,
    nodeQueryOptions: { nullable: true },
    nodesQueryOptions: {
      nullable: { list: false, items: true },
      complexity: (args: { ids?: unknown[] | null }) => ({
        field: args.ids?.length ?? 1,
        multiplier: args.ids?.length ?? 1,
      }),
    },
    pageInfoCursorType: 'String',
  },
});

builder.queryType({});
builder.mutationType({});
builder.subscriptionType({});
