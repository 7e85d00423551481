import { expect } from 'vitest';
import type { Case, Foreign } from './tenancy-case.ts';

const EVER = 'range: { from: "2020-01-01T00:00:00Z" }';
/** Matches completions of both organisations. */
const BOTH = `tag: { key: "of", value: "both" }, endUserId: { eq: "both" }, model: { contains: "expensive" },
  provider: { eq: "demo" }, status: [SUCCEEDED], prompt: { eq: "" }, origin: [CALLER, SHADOW, PROBE]`;

/** For each field about usage: naming everything of the other organisation in it. */
export function listCasesOfUsage({ teamId, keyId, ourKeyId }: Foreign): Record<string, Case> {
  return {
    'Query.usage': {
      query: `query ($team: ID!, $key: ID!) {
      team: usage(${EVER}, filter: { teamId: $team }) { total { requests cost { amount } } }
      key: usage(${EVER}, filter: { keyId: $key }) { total { requests } series { start } }
      both: usage(${EVER}, filter: { ${BOTH} }, groupBy: [TEAM, KEY, TAG, END_USER]) {
        total { requests } groups { key { key value } totals { requests } }
      }
    }`,
      variables: { team: teamId, key: keyId },
      answer: {
        team: { total: { requests: 0, cost: { amount: '0' } } },
        key: { total: { requests: 0 }, series: [] },
        both: { total: { requests: 1 }, groups: [{ key: expect.any(Array), totals: { requests: 1 } }] },
      },
    },
    'Query.usageExport': {
      query: `query ($team: ID!, $key: ID!) {
      team: usageExport(${EVER}, filter: { teamId: $team }, groupBy: [TEAM, KEY, TAG], granularity: null, format: JSON)
      key: usageExport(${EVER}, filter: { keyId: $key, ${BOTH} }, groupBy: [TEAM, KEY, TAG], granularity: null, format: JSON)
    }`,
      variables: { team: teamId, key: keyId },
      answer: { team: '[]\n', key: '[]\n' },
    },
    'Subscription.usageTicks': {
      query: `subscription ($key: ID!) {
        usageTicks(everyMs: 100, groupBy: [TEAM], filter: { teamId: "team_default", keyId: $key, ${BOTH} }) {
          groups { key { value } }
        }
      }`,
      variables: { key: ourKeyId },
      answer: {
        usageTicks: { groups: [{ key: [{ value: 'team_default' }] }] },
      },
    },
  };
}
