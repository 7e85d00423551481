import { SLOTS } from './store.ts';

/**
 * The exact sum of what was drawn in a sliding minute. Chosen over a token bucket and over counters of whole minutes, both of
 * which let almost twice the limit pass within some minute. What was drawn is kept by slot, a sixtieth of the minute, and
 * leaves with all of its slot one minute after the slot's end: so never a unit too many in any minute, at most 61
 * numbers for each limit, and the moment at which something fits again is known exactly.
 */
export class Window {
  /** Oldest first. */
  readonly #slots: { at: number; amount: number }[] = [];
  #sum = 0;

  /** @param slot the present one. */
  sum(slot: number): number {
    while (this.#slots[0] && this.#slots[0].at < slot - SLOTS) this.#sum -= this.#slots.shift()!.amount;
    return this.#sum;
  }

  add(slot: number, amount: number): void {
    const last = this.#slots.at(-1);
    if (last?.at === slot) last.amount += amount;
    else this.#slots.push({ at: slot, amount });
    this.#sum += amount;
  }

  /** Takes back what was drawn in a slot, at most what is still counted there. */
  giveBack(slot: number, amount: number): void {
    const found = this.#slots.find(({ at }) => at === slot);
    if (!found) return;
    const given = Math.min(amount, found.amount);
    found.amount -= given;
    this.#sum -= given;
  }

  /** The slot whose end makes `amount` of room, one minute later; undefined when there is not that much in all. */
  slotThatFrees(amount: number): number | undefined {
    let freed = 0;
    return this.#slots.find((slot) => (freed += slot.amount) >= amount)?.at;
  }
}
