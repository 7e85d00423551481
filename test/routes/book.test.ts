import { expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { setRoute, versionOf } from './support.ts';

const gateway = useGateway();

it('what cannot be read now is read as soon as it can be; until then holds what was known', async () => {
  const { routes, database, announce } = gateway().gateway;
  await setRoute(gateway(), { name: 'steady' });
  const known = routes.book.find('org_default', 'steady');
  await database.sql`ALTER TABLE route_versions RENAME TO away`;
  await database.sql`UPDATE away SET spec = jsonb_set(spec, '{repairs}', '3')`;
  await announce({ kind: 'ROUTE_CHANGED', organisationId: 'org_default', subjectId: known?.id ?? '' });
  await expect.poll(() => gateway().logs.join('')).toContain('routes cannot be read');
  expect(routes.book.find('org_default', 'steady')).toEqual(known);
  expect(await versionOf(gateway(), 'steady')).toBe(1);
  await database.sql`ALTER TABLE away RENAME TO route_versions`;
  await expect.poll(() => routes.book.find('org_default', 'steady')?.repairs, { timeout: 10_000 }).toBe(3);
});
