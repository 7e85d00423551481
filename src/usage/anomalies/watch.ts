import type { ISql } from 'postgres';
import type { AnomaliesConfig } from '../../config/config.ts';
import type { Database } from '../../db/database.ts';
import type { Budget } from '../../domain/budget.ts';
import { newId } from '../../lib/ids.ts';
import { findWatermark } from '../progress.ts';
import { listLatestHours, readHistories, type SubjectHour } from './hours.ts';
import { baselineOf, judgeHour, type AnomalyMeasure, type Baseline, type Finding } from './judge.ts';
import { nameOfSubject, raiseAnomaly } from './raise.ts';

/** Looks for keys and teams whose use is unusual. */
export interface AnomalyWatch {
  /**
   * Judges the latest hours and raises what is unusual. Several instances may look at once: each anomaly is still
   * raised once, and at most one brake is set for it.
   * @returns how many were raised.
   */
  look(): Promise<number>;
}

/** What a brake is to be: a budget of money for an hour that ends by itself. */
export interface Brake {
  id: string;
  organisationId: string;
  teamId: string;
  scope: 'TEAM' | 'KEY';
  subjectId: string;
  limit: bigint;
  onExceed: Extract<Budget['onExceed'], 'BLOCK' | 'WARN'>;
  minutes: number;
}

interface AnomalyDeps {
  database: Pick<Database, 'sql' | 'db'>;
  config: AnomaliesConfig;
  brakes: {
    /** The one that holds for a subject now. */
    find(tx: ISql, organisationId: string, subject: string): Promise<string | undefined>;
    set(tx: ISql, brake: Brake, alertId: string): Promise<void>;
  };
  /** Something was raised and is committed. */
  onRaised(): void;
}

/** What is known of one hour that is judged again and again while it runs. */
interface Known {
  baseline: Baseline | undefined;
  told: Set<AnomalyMeasure>;
}

const READ_AT_ONCE = 100;
/** Those beyond wait for the next look. */
const MOST_NEW = 500;
/** A brake lets through so many usual hours. */
const BRAKE_TIMES = 2n;

export function createAnomalyWatch(deps: AnomalyDeps): AnomalyWatch {
  const { config } = deps;
  const { sql, db } = deps.database;
  let known = new Map<string, Known>();

  /** What was usual before an hour no longer changes, so it is read once. */
  async function learn(hours: readonly SubjectHour[]): Promise<void> {
    const current = new Map<string, Known>();
    const unknown: SubjectHour[] = [];
    for (const hour of hours) {
      const one = known.get(nameOf(hour));
      if (one) current.set(nameOf(hour), one);
      else unknown.push(hour);
    }
    known = current;
    for (let at = 0; at < Math.min(unknown.length, MOST_NEW); at += READ_AT_ONCE) {
      const batch = unknown.slice(at, at + READ_AT_ONCE);
      const histories = await readHistories(sql, batch);
      for (const [place, hour] of batch.entries()) {
        current.set(nameOf(hour), { baseline: baselineOf(histories[place] ?? []), told: new Set() });
      }
    }
  }

  async function judge(hour: SubjectHour): Promise<number> {
    const one = known.get(nameOf(hour));
    if (!one?.baseline) return 0;
    let raised = 0;
    for (const finding of judgeHour(hour.use, one.baseline, config)) {
      if (one.told.has(finding.measure)) continue;
      const isNew = await raise(hour, finding);
      one.told.add(finding.measure);
      if (isNew) raised += 1;
    }
    return raised;
  }

  async function raise(hour: SubjectHour, finding: Finding): Promise<boolean> {
    if (finding.measure !== 'SPEND' || config.brake === 'none') {
      return (await raiseAnomaly(sql, hour, finding, undefined)) !== undefined;
    }
    return sql.begin(async (tx) => {
      const holding = await deps.brakes.find(tx, hour.organisationId, nameOfSubject(hour));
      const id = holding ?? newId('bdg');
      const alertId = await raiseAnomaly(tx, hour, finding, id);
      if (alertId === undefined) return false;
      if (holding === undefined) await deps.brakes.set(tx, brakeFor(id, hour, finding, config), alertId);
      return true;
    });
  }

  return {
    async look() {
      // Roll-ups that are only being made know too little of what is usual.
      if ((await findWatermark(db)) === undefined) return 0;
      const hours = await listLatestHours(sql, config.minimumNanos);
      await learn(hours);
      let raised = 0;
      for (const hour of hours) raised += await judge(hour);
      if (raised > 0) deps.onRaised();
      return raised;
    },
  };
}

function nameOf(hour: SubjectHour): string {
  return `${hour.organisationId} ${hour.teamId} ${nameOfSubject(hour)} ${hour.at.getTime()}`;
}

function brakeFor(id: string, hour: SubjectHour, finding: Finding, config: AnomaliesConfig): Brake {
  const { organisationId, teamId, keyId } = hour;
  const limit = BRAKE_TIMES * finding.expected;
  return {
    id,
    organisationId,
    teamId,
    scope: keyId === undefined ? 'TEAM' : 'KEY',
    subjectId: keyId ?? teamId,
    limit: limit > config.minimumNanos ? limit : config.minimumNanos,
    onExceed: config.brake === 'warn' ? 'WARN' : 'BLOCK',
    minutes: config.brakeMinutes,
  };
}
