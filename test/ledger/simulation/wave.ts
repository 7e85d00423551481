import fc from 'fast-check';
import type { Database } from '../../../src/db/database.ts';
import { insertBudgets } from './budgets.ts';
import { act, planStep } from './acts.ts';
import { change, moveClocks } from './changes.ts';
import { compare } from './compare.ts';
import { history, type History, type Step } from './history.ts';
import type { Instances } from './instances.ts';
import { judge } from './judge.ts';
import { observe } from './observe.ts';
import { createWorld, HOLD_S, type World } from './world.ts';

interface Told {
  /** Names it in the error when it fails. */
  seed: number;
  history: History;
}

const NOTHING: Step = {
  changes: [],
  asks: [],
  ends: [],
  again: [],
  hedges: [],
  beats: [],
  recoverBy: 0,
  limits: [],
};

/**
 * Lets histories happen side by side, step by step, and compares every organisation with its model after each step.
 * In the end every process is dead and every hold recovered.
 * @throws Error that names the seed and the step.
 */
export async function runWave(
  database: Database,
  instances: Instances,
  seeds: readonly number[],
): Promise<World[]> {
  // The history of a seed is for ever the same.
  const told = seeds.map((seed): Told => ({ seed, history: fc.sample(history, { seed, numRuns: 1 })[0]! }));
  const worlds = told.map(({ seed, history: { strict } }) =>
    createWorld(`${strict ? 'strict' : 'loose'}/${seed}`, strict),
  );
  await insertBudgets(
    database,
    told.flatMap(({ history: { budgets } }, index) =>
      budgets.map((plan) => ({ world: worlds[index]!, plan })),
    ),
  );
  const longest = Math.max(...told.map(({ history: { steps } }) => steps.length));
  for (let at = 0; at < longest; at += 1) {
    await takeStep(
      database,
      instances,
      worlds.flatMap((world, index) => {
        const step = told[index]!.history.steps[at];
        return step ? { world, step, where: describe(told[index]!, at) } : [];
      }),
    );
  }
  const last: Step = { ...NOTHING, changes: [{ do: 'jump', by: 'MONTH', times: 2 }], recoverBy: 2 };
  await takeStep(
    database,
    instances,
    worlds.map((world, index) => ({ world, step: last, where: describe(told[index]!, longest) })),
  );
  return worlds;
}

function describe({ seed }: Told, at: number): string {
  return `SLUICE_TEST_SEED=${seed} SLUICE_TEST_HISTORIES=1 replays it; in step ${at}`;
}

interface Turn {
  world: World;
  step: Step;
  where: string;
}

async function takeStep(database: Database, instances: Instances, turns: Turn[]): Promise<void> {
  const jumps = turns.flatMap(({ world, step }) =>
    step.changes.flatMap((each) => (each.do === 'jump' ? { world, each } : [])),
  );
  await moveClocks(database, jumps);
  await Promise.all(turns.map((turn) => inPlace(turn, () => changeAll(database, turn))));
  const plans = turns.map(({ world, step }) => {
    const woken = step.changes.flatMap((each) => (each.do === 'wake' ? each.instance : []));
    return planStep(world, step, woken);
  });
  const happened = await act(database, instances, plans);
  const ids = [...happened.values()].flatMap(({ asked, ended, beaten, late }) => [
    ...asked.map(({ id }) => id),
    ...[...ended, ...beaten].map(({ account }) => account.id),
    ...late.map(({ id }) => id),
  ]);
  const organisations = turns.map(({ world }) => world.organisationId);
  const observed = await observe(database, organisations, ids);
  for (const turn of turns) {
    await inPlace(turn, async () => {
      judge(turn.world, happened.get(turn.world)!, observed);
      compare(turn.world, observed);
    });
  }
  await dieInMidStream(instances, turns, happened);
}

async function changeAll(database: Database, { world, step }: Turn): Promise<void> {
  for (const each of step.changes) await change(database, world, each);
}

/** What a process saw of a stream before it died is known by its last heartbeat. */
async function dieInMidStream(
  instances: Instances,
  turns: Turn[],
  happened: Awaited<ReturnType<typeof act>>,
): Promise<void> {
  const dying = turns.flatMap(({ world }) => {
    const opened = new Set(
      happened
        .get(world)!
        .asked.flatMap(({ id, answer, again }) => (answer === 'OPENED' && !again ? id : [])),
    );
    const hasSeen = new Set(['MID_STREAM', 'BEFORE_POST']);
    return world.accounts
      .filter(({ id, ask }) => opened.has(id) && hasSeen.has(ask.crash))
      .map((account) => ({ world, account }));
  });
  const beats = dying.map(({ account: { id, ask } }) => ({
    completionId: id,
    attempt: 0,
    seenOutputTokens: ask.seen,
  }));
  await instances.ledger(0).extendHolds(beats);
  for (const { world, account } of dying)
    Object.assign(account, { seen: account.ask.seen, expiresAtS: world.nowS + HOLD_S });
}

async function inPlace(turn: Turn, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${turn.where}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
