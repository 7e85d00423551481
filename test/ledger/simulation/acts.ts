import { costOf } from '../../../src/catalog/cost.ts';
import { recover } from '../../../src/completion/recover.ts';
import type { Database } from '../../../src/db/database.ts';
import type { Outcome } from '../../../src/domain/completion.ts';
import { BudgetExceeded, IdempotencyKeyUsed, Unavailable } from '../../../src/domain/errors.ts';
import { newId } from '../../../src/lib/ids.ts';
import { endedAttempt, NOTHING, outcomeOf, reservationFor } from '../support.ts';
import { writeBudget } from './budgets.ts';
import type { Again, Ask, End, Step } from './history.ts';
import type { Instances } from './instances.ts';
import type { Asked, Ended } from './happened.ts';
import type { Happened } from './judge.ts';
import { detailsOf, isInForce, type Account, type World } from './world.ts';

const STAYS = new AbortController().signal;
const LEFT = AbortSignal.abort(new Error('the caller left'));

/** What one organisation does at once, before it is known how it ends. */
export interface Plan {
  world: World;
  /** New ones, and further attempts of those that there are. */
  asks: { id: string; ask: Ask; again?: Account; hedges?: boolean }[];
  ends: { account: Account; end: End }[];
  beats: { account: Account; seen: number }[];
  late: Account[];
  recoverBy: number;
  limits: Happened['limits'];
}

/** Chooses what a step means in a world as it is now. @param woken are processes that just woke from their freeze. */
export function planStep(world: World, step: Step, woken: readonly number[]): Plan {
  const { accounts } = world;
  const mayAct = ({ owner, state }: Account) =>
    state !== 'PENDING' || (owner !== undefined && !world.frozen[owner]);
  const asks = step.asks.flatMap((ask) => (world.frozen[ask.instance] ? [] : { id: newId('cmpl'), ask }));
  const late =
    step.recoverBy === 0
      ? []
      : accounts.filter(({ state, expiresAtS }) => state === 'PENDING' && expiresAtS < world.nowS);
  const ends = new Map<Account, End>();
  for (const end of step.ends) {
    const account = accounts[end.one % accounts.length];
    // Of what is beside nobody could tell whether it ended before its recovery or by it.
    const beside = end.beside && account !== undefined && !late.includes(account);
    if (account && mayAct(account)) ends.set(account, { ...end, beside });
  }
  // Whoever wakes goes on as if nothing had happened: it settles all that it had, also what is not its own any more.
  for (const account of accounts) {
    if (account.owner === undefined || !woken.includes(account.owner)) continue;
    if (account.state !== 'PENDING' && account.state !== 'EXPIRED') continue;
    ends.set(account, {
      one: 0,
      beside: false,
      goesOn: false,
      usage: 'REPORTED',
      share: 500,
      fate: 'ANSWERED',
      twice: false,
    });
  }
  const again = new Map<Account, Again>();
  for (const each of step.again) {
    const account = accounts[each.one % accounts.length];
    if (account && mayAct(account) && !ends.has(account)) again.set(account, each);
  }
  const hedges = new Map<Account, Again>();
  for (const each of step.hedges) {
    const account = accounts[each.one % accounts.length];
    const isIdle = account && !ends.has(account) && !again.has(account) && !late.includes(account);
    if (isIdle && mayAct(account)) hedges.set(account, each);
  }
  const beats = step.beats.flatMap(({ one, seen }) => {
    const account = accounts[one % accounts.length];
    const isIdle = account && !ends.has(account) && !again.has(account) && !hedges.has(account);
    return isIdle && mayAct(account) ? { account, seen } : [];
  });
  const limits = step.limits.flatMap(({ budget, limit }) => {
    const chosen = world.budgets[budget % world.budgets.length]!;
    const isLower = limit < chosen.limits.at(-1)!;
    const mayBe = isInForce(world, chosen) && !chosen.plan.temporary && !(world.strict && isLower);
    return mayBe ? { budget: chosen, limit } : [];
  });
  return {
    world,
    asks: [
      ...asks,
      ...[...again].map(toAsk),
      ...[...hedges].map((each) => ({ ...toAsk(each), hedges: true })),
    ],
    ends: [...ends].map(([account, end]) => ({ account, end })),
    beats,
    late,
    recoverBy: step.recoverBy,
    limits,
  };
}

function toAsk([account, { model, nanos, tokens, fate, crash }]: [Account, Again]): Plan['asks'][number] {
  const { id, owner = account.ask.instance } = account;
  const further = {
    model,
    nanos,
    tokens,
    fate,
    instance: owner,
    crash: crash ? 'AFTER_DISPATCH' : 'NEVER',
  } as const;
  return { id, ask: { ...account.ask, ...further }, again: account };
}

/** Does it all at once, for all organisations: they share statements, instances and locks. */
export async function act(
  database: Database,
  instances: Instances,
  plans: Plan[],
): Promise<Map<World, Happened>> {
  const asked = plans.map(({ world, asks }) =>
    Promise.all(asks.map((each) => reserve(instances, world, each))),
  );
  const ended = plans.map(({ world, ends }) =>
    Promise.all(ends.map((each) => settle(instances, world, each))),
  );
  const listed = Promise.withResolvers<void>();
  const beating = listed.promise.then(() => beatAll(instances, plans));
  const recovering = recoverAll(instances, plans, { onListed: listed.resolve, beating });
  const changing = plans.flatMap(({ world, limits }) =>
    limits.map(({ budget, limit }) =>
      writeBudget(database, world, { ...budget.plan, rule: budget.rule, limit }),
    ),
  );
  const [askedAll, endedAll, lost] = await Promise.all([
    Promise.all(asked),
    Promise.all(ended),
    beating,
    recovering,
    Promise.all(changing),
  ]);
  await instances.idle();
  return new Map(
    plans.map(({ world, beats, late, limits }, index) => {
      const beaten = beats.map((each) => ({ ...each, lost: lost.has(each.account.id) }));
      return [world, { asked: askedAll[index]!, ended: endedAll[index]!, beaten, late, limits }];
    }),
  );
}

async function reserve(
  instances: Instances,
  world: World,
  { id, ask: what, again, hedges = false }: Plan['asks'][number],
): Promise<Asked> {
  const attempt = again?.begun ?? 0;
  const told = { id, ask: what, again, hedges };
  const details = { id, ...detailsOf(world, what), worstCaseNanos: what.nanos, worstCaseTokens: what.tokens };
  const ledger = instances.ledger(what.instance, what.fate);
  try {
    await ledger.reserve(
      { ...reservationFor(details), attempt, hedges },
      what.fate === 'CALLER_LEFT' ? LEFT : STAYS,
    );
    return { ...told, answer: 'OPENED' };
  } catch (error) {
    if (error instanceof BudgetExceeded) return { ...told, answer: error };
    if (error instanceof IdempotencyKeyUsed) return { ...told, answer: 'KEY_USED' };
    if (error instanceof Unavailable && error.message.includes('settled')) return { ...told, answer: 'OVER' };
    if (what.fate === 'ANSWERED') throw error;
    return { ...told, answer: 'UNKNOWN' };
  }
}

async function settle(
  instances: Instances,
  world: World,
  { account, end: how }: Plan['ends'][number],
): Promise<Ended> {
  const beside = how.beside && how.goesOn ? account.beside : undefined;
  const outcome = outcomeFor(world, beside ? { ...beside, resting: false } : account, how);
  const owner = account.owner ?? account.ask.instance;
  const ledgers = [
    instances.ledger(owner, how.fate),
    ...(how.twice ? [instances.ledger((owner + 1) % 3)] : []),
  ];
  const { id: completionId, begun } = account;
  const { attempt } = beside ?? account;
  const at = await Promise.all(
    ledgers.map((ledger) =>
      how.goesOn
        ? ledger.endAttempt(completionId, endedAttempt(attempt, outcome.costNanos, { usage: outcome.usage }))
        : // Whoever hedged says so; without an end of its own what was beside it did nothing.
          ledger.settle({ completionId, outcome, ...(begun > 1 && { hedge: NOTHING }) }),
    ),
  );
  // Of one whose answer was lost nobody learns that it was taken.
  return {
    account,
    outcome,
    goesOn: how.goesOn,
    beside: beside !== undefined,
    taken: how.fate === 'ANSWER_LOST' ? undefined : at.filter(Boolean).length,
  };
}

function outcomeFor(
  { strict }: World,
  { ask: { nanos, tokens }, resting }: Pick<Account, 'ask' | 'resting'>,
  { usage, share, goesOn }: End,
): Outcome {
  // Whoever settles between two attempts has nothing to book.
  if (resting && !goesOn) return outcomeOf(0n, NOTHING);
  const most = nanos !== undefined && nanos < tokens ? Number(nanos) : tokens;
  const beyond = Math.max(tokens, Number(nanos ?? 0)) + 1 + share;
  const some = usage === 'MORE_THAN_HELD' && !strict ? beyond : Math.floor((most * share) / 1_000);
  const total = usage === 'NOTHING' || usage === 'EXPLICIT_ZERO' ? 0 : some;
  const input = Math.min(10, total);
  const source = usage === 'NOTHING' ? 'NONE' : usage === 'ESTIMATED' ? 'ESTIMATED' : 'REPORTED';
  const cost = usage === 'NOTHING' ? 0n : nanos === undefined ? undefined : BigInt(total);
  return outcomeOf(cost, {
    usage: { input, output: total - input, cacheRead: 0, cacheWrite: 0, reasoning: 0, source },
  });
}

/** A process tells of one attempt at a time: sometimes of the one beside. */
export function seenBeside({ beside }: Account, seen: number): Account['beside'] {
  return seen % 2 === 1 ? beside : undefined;
}

/** @returns the ids that are no longer held by whoever beat. */
async function beatAll(instances: Instances, plans: Plan[]): Promise<Set<string>> {
  const beats = plans.flatMap((plan) => plan.beats);
  const byInstance = Map.groupBy(beats, ({ account }) => account.owner ?? account.ask.instance);
  const lost = await Promise.all(
    [...byInstance].map(([instance, all]) =>
      instances.ledger(instance).extendHolds(
        all.map(({ account, seen }) => ({
          completionId: account.id,
          attempt: (seenBeside(account, seen) ?? account).attempt,
          seenOutputTokens: seen,
        })),
      ),
    ),
  );
  return new Set(lost.flat());
}

/**
 * One process, or two at the same time, look for the dead; each only for those of whoever's turn it is. Between the first
 * look and what follows from it heartbeats come in.
 */
async function recoverAll(
  instances: Instances,
  plans: Plan[],
  { onListed, beating }: { onListed: () => void; beating: Promise<unknown> },
): Promise<void> {
  await Promise.all(
    [1, 2].map(async (by) => {
      const late = plans.flatMap((plan) => (plan.recoverBy >= by ? plan.late : []));
      const ids = new Set(late.map(({ id }) => id));
      const ledger = instances.ledger(by - 1);
      const mine = {
        settle: ledger.settle,
        async listExpiredHolds(limit: number) {
          const all = await ledger.listExpiredHolds(1_000_000);
          if (by === 1) onListed();
          await beating;
          return all.filter(({ completionId }) => ids.has(completionId)).slice(0, limit);
        },
      };
      await recover(mine, { costOf });
    }),
  );
}
