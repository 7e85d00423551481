import type { ISql } from 'postgres';
import { readRoutes } from './rows.ts';
import { findNoWay, type RoutingWorld } from './validate.ts';

/** The routes of an organisation that a rule of residency would leave no target, each with the reasons. */
export async function listStrandedRoutes(
  sql: ISql,
  organisationId: string,
  { findModel, allowedRegions }: Pick<RoutingWorld, 'findModel' | 'allowedRegions'>,
): Promise<string[]> {
  const living = (await readRoutes(sql, organisationId)).filter(({ isDeleted }) => !isDeleted);
  const byName = new Map(living.map((route) => [route.name, route]));
  const world = { findModel, findRoute: (name: string) => byName.get(name), allowedRegions };
  return living.flatMap((route) => {
    const why = findNoWay(route, world);
    return why === undefined ? [] : [`the route ${JSON.stringify(route.name)} no target: ${why}`];
  });
}
