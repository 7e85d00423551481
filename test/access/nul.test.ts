import { expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';

const gateway = useGateway();

it('a NUL in an id, a filter or a name is a character like any other', async () => {
  const NUL = '\0';
  const found = await gateway().ask(
    `query ($id: ID!, $text: String!) {
      completion(id: $id) { id }
      route(name: $text) { id }
      routeDiff(name: $text, from: 1, to: 2) { path }
      completions(filter: { keyId: $id, model: { contains: $text }, endUserId: { in: [$text] }, tag: { key: $text, value: $text } }) { totalCount }
      ledger(filter: { completionId: $id }) { totalCount }
      team(id: $id) { id }
      members(filter: { teamId: $id, role: $text }) { totalCount }
      users(filter: { name: { contains: $text } }) { totalCount }
      usage(range: { from: "2020-01-01T00:00:00Z" }, filter: { teamId: $id, model: { eq: $text } }) { total { requests } }
    }`,
    { id: `cmpl_${NUL}`, text: NUL },
  );
  expect(found).toEqual({
    data: {
      completion: null,
      route: null,
      routeDiff: null,
      completions: { totalCount: 0 },
      ledger: { totalCount: 0 },
      team: null,
      members: { totalCount: 0 },
      users: { totalCount: 0 },
      usage: { total: { requests: 0 } },
    },
  });
  const changed = await gateway().ask(
    `mutation ($id: ID!, $text: String!) {
      a: keyRotate(id: $id) { errors { code } }
      b: keyRevoke(id: $id) { errors { code } }
      c: completionCancel(id: $id) { errors { code } }
      d: keyCreate(input: { name: $text, scopes: [USAGE_READ] }) { key { name } }
      e: keyCreate(input: { name: "x", scopes: [USAGE_READ], teamId: $id }) { errors { code } }
      g: teamCreate(input: { name: $text }) { team { name } }
      h: teamRename(input: { id: $id, name: "x" }) { errors { code } }
      i: memberSet(input: { userId: $id, teamId: $id, role: $text }) { errors { code } }
      j: memberRemove(input: { userId: $id, teamId: $id }) { errors { code } }
      k: roleDelete(name: $text) { errors { code } }
      l: userDisable(id: $id) { errors { code } }
      m: keyUpdate(input: { id: $id, name: "x" }) { errors { code } }
      n: routeDelete(name: $text) { errors { code } }
      o: routeRestore(name: $text, version: 1) { errors { code } }
      p: routeSet(input: { name: "nul", strategy: PRIORITY, targets: [{ model: "demo/echo" }], note: $text }) {
        route { versions { nodes { note } } } errors { code }
      }
      q: completionRate(input: { id: $id, score: 1, comment: $text }) { errors { code } }
      r: routeResetLearned(name: $text) { errors { code } }
      f: completionCreate(input: { model: "demo/echo", source: { text: $text }, endUserId: $text, tags: [{ key: $text, value: $text }] }) {
        completion { endUserId tags { key } } errors { code }
      }
    }`,
    { id: `key_${NUL}`, text: NUL },
  );
  const NOT_FOUND = { errors: [{ code: 'NOT_FOUND' }] };
  expect(changed).toMatchObject({
    data: {
      a: NOT_FOUND,
      b: NOT_FOUND,
      c: NOT_FOUND,
      d: { key: { name: '\uFFFD' } },
      e: NOT_FOUND,
      f: { errors: [] },
      g: { team: { name: '\uFFFD' } },
      h: NOT_FOUND,
      i: NOT_FOUND,
      j: NOT_FOUND,
      k: NOT_FOUND,
      l: NOT_FOUND,
      m: NOT_FOUND,
      n: NOT_FOUND,
      o: NOT_FOUND,
      q: NOT_FOUND,
      r: NOT_FOUND,
      p: { route: { versions: { nodes: [{ note: '\uFFFD' }] } } },
    },
  });
});
