import type { ISql } from 'postgres';
import { toJsonParameter } from '../../db/json.ts';

/** A budget that leads to a model or a route when it is used up. */
export interface LeadingBudget {
  id: string;
  fallbackModel: string;
}

/** The budgets of an organisation that lead to one of these names. */
export async function listBudgetsLeadingTo(
  sql: ISql,
  organisationId: string,
  names: readonly string[],
): Promise<LeadingBudget[]> {
  const rows = await sql<{ id: string; fallback_model: string }[]>`
    SELECT id, fallback_model FROM budgets
    WHERE organisation_id = ${organisationId} AND deleted_at IS NULL AND (ends_at IS NULL OR ends_at > now())
      AND fallback_model IN (SELECT jsonb_array_elements_text(${toJsonParameter(names)}::text::jsonb))
    ORDER BY id LIMIT 5`;
  return rows.map(({ id, fallback_model: fallbackModel }) => ({ id, fallbackModel }));
}
