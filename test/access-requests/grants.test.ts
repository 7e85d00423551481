import { expect, it } from 'vitest';
import { msUntilStale } from '../../src/access/grants.ts';
import type { Principal } from '../../src/domain/principal.ts';

const MOST = 5_000;

function holder(endsAt: Date | undefined): Principal {
  const own = { scopes: new Set<never>(), models: [] };
  return {
    ...own,
    regions: undefined,
    keyRegions: [],
    keyId: 'key_1',
    organisationId: 'org_1',
    teamId: 'team_1',
    allowedFrom: undefined,
    expiresAt: undefined,
    endUserId: undefined,
    tags: [],
    granted: { names: new Set(), endsAt, own },
  };
}

it('a principal is kept for no longer than what it was granted', () => {
  const inTwoSeconds = msUntilStale(holder(new Date(Date.now() + 2_000)), MOST);
  expect(inTwoSeconds).toBeGreaterThan(0);
  expect(inTwoSeconds).toBeLessThanOrEqual(2_000);
  expect(msUntilStale(holder(new Date(Date.now() + 60_000)), MOST)).toBe(MOST);
  expect(msUntilStale(holder(undefined), MOST)).toBe(MOST);
  // Not 0, which a cache takes for ever.
  expect(msUntilStale(holder(new Date(0)), MOST)).toBe(1);
});
