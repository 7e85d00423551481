/** A member that two lists have in common, by its place in each. */
export interface CommonMember {
  from: number;
  to: number;
}

/** The longest list of members that both have, in this order. It takes time and room for each pair of members. */
export function findCommon<T>(
  before: readonly T[],
  after: readonly T[],
  isSame: (one: T, other: T) => boolean,
): CommonMember[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let from = before.length - 1; from >= 0; from -= 1)
    for (let to = after.length - 1; to >= 0; to -= 1)
      lengths[from]![to] = isSame(before[from]!, after[to]!)
        ? lengths[from + 1]![to + 1]! + 1
        : Math.max(lengths[from + 1]![to]!, lengths[from]![to + 1]!);
  const common: CommonMember[] = [];
  for (let from = 0, to = 0; from < before.length && to < after.length;) {
    if (isSame(before[from]!, after[to]!)) common.push({ from: from++, to: to++ });
    else if (lengths[from + 1]![to]! >= lengths[from]![to + 1]!) from += 1;
    else to += 1;
  }
  return common;
}
