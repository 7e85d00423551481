import type { ISql } from 'postgres';
import { toJsonParameter } from '../../db/json.ts';
import { subjectOf } from '../../domain/budget.ts';
import { toDetail } from './detail.ts';
import type { AnomalySubject, SubjectHour } from './hours.ts';
import type { Finding } from './judge.ts';

/** As budgets and alerts name it. */
export function nameOfSubject({ teamId, keyId }: AnomalySubject): string {
  return keyId === undefined ? subjectOf('TEAM', teamId) : subjectOf('KEY', keyId);
}

/**
 * Raises the alert and its event, once for a subject, a measure and an hour, whoever finds it.
 * @param brakeId the budget that holds because of it.
 * @returns the number of the alert; undefined when it was raised before.
 */
export async function raiseAnomaly(
  sql: ISql,
  hour: SubjectHour,
  finding: Finding,
  brakeId: string | undefined,
): Promise<string | undefined> {
  const about = `anomaly:${nameOfSubject(hour)}:${finding.measure}:${hour.at.toISOString()}`;
  const [row] = await sql<{ id: string }[]>`
    WITH raised AS (
      INSERT INTO alerts (organisation_id, team_id, key_id, kind, about, budget_id, detail)
      VALUES (${hour.organisationId}, ${hour.teamId}, ${hour.keyId ?? null}, 'ANOMALY', ${about}, ${brakeId ?? null},
        ${toJsonParameter(toDetail(finding, hour))}::text::jsonb)
      ON CONFLICT (about) DO NOTHING
      RETURNING id, organisation_id
    ),
    told AS (
      INSERT INTO outbox (organisation_id, kind, subject_id)
      SELECT organisation_id, 'ALERT_RAISED', id::text FROM raised
    )
    SELECT id::text AS id FROM raised`;
  return row?.id;
}
