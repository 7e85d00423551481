import { CANARY_ARM, type Trial, type TrialMember } from '../domain/trial.ts';

/** What was counted of a canary. */
export interface Judged {
  /** What it has answered, or failed, in the step that runs. */
  answered: number;
  isRunning: boolean;
}

/** How many requests this instance gives to canaries that nobody knows well yet. */
export interface Exposure {
  /**
   * Whether the canary may take no further request now. Until it was judged for the first time in a step it is given no
   * more than that takes, however many ask at once.
   */
  isFull(trial: Trial): boolean;
  /** A request was given to an arm; it ends with `leave` or `settled`. */
  enter(member: TrialMember): void;
  /** It was refused before it began. */
  leave(member: TrialMember): void;
  settled(member: TrialMember): void;
  /** What is settled by now is about to be counted. Returns how to say what that came to; undefined: it is no more. */
  beginCount(trialId: string): (judged: Judged | undefined) => void;
  /** Forgets all trials but these. */
  retain(trialIds: ReadonlySet<string>): void;
}

/** What this instance knows of a trial. */
interface Standing {
  /** Requests of the canary that are under way here, or not counted yet. */
  open: number;
  /** Of these, the ones that are settled. */
  settled: number;
  judged: Judged | undefined;
}

export function createExposure(): Exposure {
  const standings = new Map<string, Standing>();

  function standingOf(trialId: string): Standing {
    const standing = standings.get(trialId) ?? { open: 0, settled: 0, judged: undefined };
    standings.set(trialId, standing);
    return standing;
  }
  function change({ trialId, arm }: TrialMember, by: Partial<Record<'open' | 'settled', number>>): void {
    if (arm !== CANARY_ARM) return;
    const standing = standingOf(trialId);
    standing.open += by.open ?? 0;
    standing.settled += by.settled ?? 0;
  }
  return {
    isFull({ id, spec }) {
      const standing = standings.get(id);
      if (spec.kind !== 'CANARY' || !standing) return false;
      const { answered = 0, isRunning = true } = standing.judged ?? {};
      const { afterRequests } = spec.canary.rollBackWhen;
      return !isRunning || (answered < afterRequests && answered + standing.open >= afterRequests);
    },
    enter: (member) => change(member, { open: 1 }),
    leave: (member) => change(member, { open: -1 }),
    settled: (member) => change(member, { settled: 1 }),
    beginCount(trialId) {
      const standing = standingOf(trialId);
      const { settled } = standing;
      return (judged) => {
        standing.open -= settled;
        standing.settled -= settled;
        standing.judged = judged;
      };
    },
    retain(trialIds) {
      for (const [id, { open }] of standings) if (!trialIds.has(id) && open === 0) standings.delete(id);
    },
  };
}
