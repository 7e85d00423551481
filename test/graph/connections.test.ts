import { beforeAll, describe, expect, it } from 'vitest';
import { useGateway, type Answer } from '../support/gateway.ts';

const gateway = useGateway();
const CREATE = `mutation {
  completionCreate(input: { model: "demo/expensive", source: { text: "hi" } }) { completion { id } }
}`;
const KEY = 'mutation { keyCreate(input: { name: "k", scopes: [USAGE_READ] }) { key { id } } }';
const PAGE =
  '{ edges { cursor node { id } } nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }';

/** Each list of the graph: how to ask for a page of it, and what adds a row at its front. */
const LISTS = {
  completions: { open: 'completions(first: $first, after: $after)', add: CREATE },
  ledger: { open: 'ledger(first: $first, after: $after)', add: CREATE },
  keys: { open: 'viewer { team { keys(first: $first, after: $after)', close: '} }', add: KEY },
  models: { open: 'models(first: $first, after: $after)', add: undefined },
};
type List = keyof typeof LISTS;
const NAMES = Object.keys(LISTS) as List[];

beforeAll(async () => {
  for (let rows = 0; rows < 7; rows++) {
    await gateway().ask(CREATE);
    await gateway().ask(KEY);
  }
});

function ask(list: List, variables: { first?: number | null; after?: string | null }): Promise<Answer> {
  const { open, close } = { close: '', ...LISTS[list] };
  return gateway().ask(`query ($first: Int, $after: String) { ${open} ${PAGE} ${close} }`, variables);
}

async function readPage(list: List, variables: { first?: number | null; after?: string | null }) {
  const { data } = await ask(list, variables);
  return list === 'keys' ? data.viewer.team.keys : data[list];
}

/** The ids of all pages, each as it came. */
async function walk(list: List, first: number, between = async () => {}): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ;) {
    const { nodes, pageInfo } = await readPage(list, { first, after });
    ids.push(...nodes.map(({ id }: { id: string }) => id));
    if (!pageInfo.hasNextPage) return ids;
    expect(nodes).toHaveLength(first);
    after = pageInfo.endCursor;
    await between();
  }
}

describe.each(NAMES)('the list of %s', (list) => {
  it('has nodes, edges and cursors that say the same', async () => {
    const { edges, nodes, pageInfo, totalCount } = await readPage(list, { first: 3 });
    expect(edges.map(({ node }: { node: unknown }) => node)).toEqual(nodes);
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0].cursor,
      endCursor: edges[2].cursor,
    });
    expect(totalCount).toBeGreaterThan(3);
  });

  it('shows each row once, whatever the size of the pages', async () => {
    const { totalCount, nodes } = await readPage(list, { first: 200 });
    const all = nodes.map(({ id }: { id: string }) => id);
    expect(all).toHaveLength(totalCount);
    expect(new Set(all).size).toBe(totalCount);
    for (const first of [1, 3, totalCount - 1, totalCount]) expect(await walk(list, first)).toEqual(all);
  });

  it('goes on after any cursor', async () => {
    const { edges } = await readPage(list, { first: 4 });
    const { nodes, pageInfo } = await readPage(list, { first: 2, after: edges[1].cursor });
    expect(nodes).toEqual([edges[2].node, edges[3].node]);
    expect(pageInfo.hasPreviousPage).toBe(true);
  });

  it('is empty after its last row', async () => {
    const all = await readPage(list, { first: 200 });
    const { nodes, totalCount, pageInfo } = await readPage(list, { after: all.pageInfo.endCursor });
    expect(nodes).toEqual([]);
    expect(totalCount).toBe(all.totalCount);
    expect(pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: true,
      startCursor: null,
      endCursor: null,
    });
  });

  it('may be asked for its count alone', async () => {
    const { nodes, totalCount, pageInfo } = await readPage(list, { first: 0 });
    expect(nodes).toEqual([]);
    expect(totalCount).toBeGreaterThan(0);
    expect(pageInfo.hasNextPage).toBe(true);
  });

  it('has 50 rows to a page unless asked otherwise, and at most 200', async () => {
    const usual = await readPage(list, { first: null });
    expect(usual).toEqual(await readPage(list, { first: 50 }));
    expect(await ask(list, { first: 200 })).not.toHaveProperty('errors');
    for (const first of [-1, 201]) {
      const { errors } = await ask(list, { first });
      expect(errors).toMatchObject([
        {
          message: `first is ${first}; it must be from 0 to 200`,
          extensions: { code: 'INVALID_INPUT', issues: [{ path: ['first'] }] },
        },
      ]);
    }
  });

  it.each(['', 'abc', '\0', "' OR ''='", '99999999999999999999', 'x'.repeat(10_000)])(
    'refuses %j as a cursor',
    async (after) => {
      expect((await ask(list, { after })).errors).toMatchObject([
        { extensions: { code: 'INVALID_INPUT', issues: [{ path: ['after'] }] } },
      ]);
    },
  );
});

describe.each(NAMES.filter((list) => LISTS[list].add))('the list of %s, while it grows', (list) => {
  it('shows each row that was there at the beginning once', async () => {
    const { nodes } = await readPage(list, { first: 200 });
    const before = nodes.map(({ id }: { id: string }) => id);
    const seen = await walk(list, 2, async () => void (await gateway().ask(LISTS[list].add ?? '')));
    expect(seen).toEqual(before);
    const { nodes: after } = await readPage(list, { first: 200 });
    expect(after.length).toBeGreaterThan(before.length);
    expect(after.slice(-before.length)).toEqual(nodes);
  });
});
