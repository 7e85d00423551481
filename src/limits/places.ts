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

  /** Gives all of a lease back; a second time changes nothing. */
  release(lease: string): void {
    for (const key of this.#byLease.get(lease) ?? []) {
      const left = this.used(key) - 1;
      if (left > 0) this.#taken.set(key, left);
      else this.#taken.delete(key);
    }
    this.#byLease.delete(lease);
  }

  list(): [key: string, lease: string][] {
    return [...this.#byLease].flatMap(([lease, keys]) => keys.map((key): [string, string] => [key, lease]));
  }
}
