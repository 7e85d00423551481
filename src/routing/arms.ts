import { LRUCache } from 'lru-cache';
import { atMost } from '../lib/at-most.ts';
import { joinArms, NOTHING_LEARNED, type Arm } from './learned.ts';

/** Which route learns. */
export interface Learner {
  routeId: string;
  /** How often it was told to forget what it had learned. */
  learning: number;
}

export type PlacedArm = Learner & { target: string; arm: Arm };

/** An arm by the names that plans use. */
interface Name {
  organisationId: string;
  route: string;
  target: string;
}

/**
 * What routes have learned of their targets: what all instances had told the database when it was last asked, and what was
 * seen here since. Nothing here waits.
 */
export interface Arms {
  /** Undefined: nothing is known. */
  find(name: Name): Arm | undefined;
  change(name: Name, change: (arm: Arm) => Arm): void;
  /**
   * Hands over what was seen since the last time, and takes what all have learned together. One at a time.
   * @param send writes what it is given and answers what changed; what it cannot write is sent again the next time. Where the
   * database took it and only its answer was lost it counts twice, which a mean of hundreds of calls can bear.
   */
  exchange(send: (news: PlacedArm[]) => Promise<PlacedArm[]>): Promise<void>;
}

const KEPT = 50_000;

/** @param findLearner undefined where there is no such route any more. */
export function createArms(
  findLearner: (organisationId: string, route: string) => Learner | undefined,
): Arms {
  const kept = new LRUCache<string, Arm>(atMost(KEPT));
  let sending = new Map<string, PlacedArm>();
  let news = new Map<string, PlacedArm>();

  function findAt(key: string): Arm | undefined {
    const parts = [kept.get(key), sending.get(key)?.arm, news.get(key)?.arm];
    return parts.reduce((all, part) => (all && part ? joinArms(all, part) : (all ?? part)), undefined);
  }
  return {
    find({ organisationId, route, target }) {
      const learner = findLearner(organisationId, route);
      return learner && findAt(keyOf({ ...learner, target }));
    },
    change({ organisationId, route, target }, change) {
      const learner = findLearner(organisationId, route);
      if (!learner) return;
      const key = keyOf({ ...learner, target });
      const known = news.get(key);
      if (!known && news.size >= KEPT) return;
      news.set(key, { ...learner, target, arm: change(known?.arm ?? NOTHING_LEARNED) });
    },
    async exchange(send) {
      [sending, news] = [news, new Map()];
      try {
        for (const { arm, ...place } of await send([...sending.values()])) kept.set(keyOf(place), arm);
      } catch (error) {
        for (const [key, later] of news) {
          const earlier = sending.get(key);
          sending.set(key, earlier ? { ...later, arm: joinArms(earlier.arm, later.arm) } : later);
        }
        news = sending;
        throw error;
      } finally {
        sending = new Map();
      }
    },
  };
}

function keyOf({ routeId, learning, target }: Learner & { target: string }): string {
  return `${routeId}\n${learning}\n${target}`;
}
