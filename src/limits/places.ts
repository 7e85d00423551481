/** Places at work that is under way in this process, each taken by a lease. */
export class Places {
  readonly #taken = new Map<string, number>();
  readonly #byLease = new Map<string, string[]>();

  /** How many are taken of a limit. */
  used(key: string): number {
    return this.#taken.get(key) ?? 0;
  }

  take(key: string, lease: string): void {
    this.#taken.set(key, this.used(key) + 1);
    this.#byLease.set(lease, [...(this.#byLease.get(lease) ?? []), key]);
  }

  /** Gives places of a lease back; a second time changes nothing. */
  release(lease: string, keys: readonly string[]): void {
    const held = new Set(this.#byLease.get(lease));
    for (const key of keys) {
      if (!held.delete(key)) continue;
      const left = this.used(key) - 1;
      if (left > 0) this.#taken.set(key, left);
      else this.#taken.delete(key);
    }
    if (held.size > 0) this.#byLease.set(lease, [...held]);
    else this.#byLease.delete(lease);
  }

  list(): [key: string, lease: string][] {
    return [...this.#byLease].flatMap(([lease, keys]) => keys.map((key): [string, string] => [key, lease]));
  }
}
