import { beforeAll, describe, expect, it } from 'vitest';
import type { Scope } from '../../src/domain/principal.ts';
import { addKey, addOrganisation, HASHING_SECRET, type Tenant } from '../access/support/organisation.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const EVENT = `id cursor at actor action targetId before after requestId ip seq hash previousHash target { __typename id }`;
const LIST = `query ($filter: AuditFilter, $first: Int, $after: String) {
  auditEvents(filter: $filter, first: $first, after: $after) {
    nodes { ${EVENT} } totalCount pageInfo { hasNextPage endCursor }
  }
}`;

interface Event {
  id: string;
  actor: string;
  action: string;
  targetId: string;
  before: unknown;
  after: Record<string, unknown> | null;
  requestId: string;
  target: { __typename: string; id: string } | null;
}
interface List {
  nodes: Event[];
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor: string };
}

/** Who came and who was refused is told when it suits, so only the corrections are listed unless asked for. */
const LEDGER = { action: { contains: 'ledger.' } };

async function list(
  variables: { filter?: object; first?: number; after?: string } = {},
  key = ADMIN_KEY,
): Promise<List> {
  const filter = { ...LEDGER, ...variables.filter };
  const { data, errors } = await gateway().ask(LIST, { ...variables, filter }, { key });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.auditEvents as List;
}

async function correct(
  mutation: string,
  teamId: string,
  key = ADMIN_KEY,
  requestId?: string,
): Promise<string> {
  const { data } = await gateway().ask(
    `mutation ($team: ID!) {
      booked: ${mutation}(input: { teamId: $team, amount: "0.5", reason: "a slip" }) { entry { id } errors { message } }
    }`,
    { team: teamId },
    { key, ...(requestId ? { headers: { 'x-request-id': requestId } } : {}) },
  );
  if (!data.booked.entry) throw new Error(JSON.stringify(data.booked.errors));
  return data.booked.entry.id as string;
}

/** A key that the audit knows nothing of: one made in the graph would stand in it. */
const addOwnKey = (scopes: Scope[]) =>
  addKey(gateway(), { organisationId: 'org_default', teamId: 'team_default', name: 'of a test' }, scopes);

let other: Tenant;
let theirs: string;
let admin: string;
let second: { id: string; secret: string };
/** The entries that were booked, oldest first. */
const entries: string[] = [];

beforeAll(async () => {
  other = await addOrganisation(gateway(), 'Other');
  admin = (await gateway().ask('{ viewer { key { id } } }')).data.viewer.key.id;
  second = await addOwnKey(['ADMIN']);
  entries.push(await correct('ledgerAdjust', 'team_default', ADMIN_KEY, 'req-of-a-caller-0001'));
  entries.push(await correct('ledgerCredit', 'team_default', second.secret));
  entries.push(await correct('ledgerAdjust', 'team_default', second.secret));
  theirs = await correct('ledgerAdjust', other.teamId, other.admin.secret);
});

describe('the audit', () => {
  it('says who changed what and why, newest first', async () => {
    const { nodes, totalCount } = await list();
    expect(totalCount).toBe(3);
    expect(nodes.map(({ targetId }) => targetId)).toEqual(entries.toReversed());
    expect(nodes.at(-1)).toEqual({
      id: expect.stringMatching(/^aud_\d+$/),
      cursor: expect.any(String),
      at: expect.stringMatching(/Z$/),
      actor: admin,
      action: 'ledger.adjust',
      targetId: entries[0],
      target: { __typename: 'LedgerEntry', id: entries[0] },
      before: null,
      after: { teamId: 'team_default', keyId: null, completionId: null, amount: '0.5', reason: 'a slip' },
      requestId: 'req-of-a-caller-0001',
      ip: '127.0.0.1',
      seq: expect.any(Number),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      previousHash: expect.stringMatching(/^([0-9a-f]{64})?$/),
    });
  });

  it('is filtered by who, what, whereof, when and by which request', async () => {
    const found = async (filter: object) => (await list({ filter })).nodes.map(({ targetId }) => targetId);
    const [first, credited, last] = entries;
    expect(await found({ actor: { eq: second.id } })).toEqual([last, credited]);
    expect(await found({ action: { eq: 'ledger.credit' } })).toEqual([credited]);
    expect(await found({ action: { in: ['ledger.adjust', 'none'] }, actor: { contains: admin } })).toEqual([
      first,
    ]);
    expect(await found({ action: { contains: '%' } })).toEqual([]);
    expect(await found({ target: { eq: credited } })).toEqual([credited]);
    expect(await found({ requestId: { eq: 'req-of-a-caller-0001' } })).toEqual([first]);
    expect(await found({ range: { from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' } })).toEqual([]);
    expect(await found({ range: { from: '2020-01-01T00:00:00Z' } })).toHaveLength(3);
  });

  it('has pages', async () => {
    const first = await list({ first: 2 });
    expect(first).toMatchObject({ nodes: [{}, {}], pageInfo: { hasNextPage: true } });
    const rest = await list({ first: 2, after: first.pageInfo.endCursor });
    expect(rest.nodes.map(({ targetId }) => targetId)).toEqual([entries[0]]);
    await expect(list({ after: '-1' })).rejects.toThrow('INVALID_INPUT');
  });

  it('holds nothing of what was refused', async () => {
    await expect(correct('ledgerAdjust', 'team_of_nobody')).rejects.toThrow('no team');
    expect((await list()).totalCount).toBe(3);
  });

  it('shows each organisation its own', async () => {
    const { nodes } = await list({}, other.admin.secret);
    expect(nodes).toMatchObject([{ actor: other.admin.id, targetId: theirs, target: { id: theirs } }]);
    const id = nodes[0]?.id;
    const read = async (key: string) =>
      (await gateway().ask('query ($id: ID!) { node(id: $id) { id } }', { id }, { key })).data.node;
    expect(await read(other.admin.secret)).toEqual({ id });
    expect(await read(ADMIN_KEY)).toBeNull();
  });

  it('is read with AUDIT_READ, by nobody else, and shows no more of its targets than the reader may see', async () => {
    const auditor = await addOwnKey(['AUDIT_READ']);
    const { nodes } = await list({}, auditor.secret);
    expect(nodes.map(({ target }) => target)).toEqual([null, null, null]);
    const reader = await addOwnKey(['USAGE_READ', 'LEDGER_WRITE']);
    await expect(list({}, reader.secret)).rejects.toThrow('FORBIDDEN');
    const query = 'query ($id: ID!) { node(id: $id) { id } }';
    expect((await gateway().ask(query, { id: nodes[0]?.id }, { key: reader.secret })).data.node).toBeNull();
    expect(
      (await gateway().ask(query, { id: nodes[0]?.id }, { key: auditor.secret })).data.node,
    ).not.toBeNull();
  });
});
