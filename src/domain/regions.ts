/** A rule of residency as it is kept, for requests to act on: an empty list says nothing. */
export function toRule(regions: readonly string[]): readonly string[] | undefined {
  return regions.length > 0 ? regions : undefined;
}

/**
 * What several rules of residency allow together, for instance those of an organisation, a team and a key: a region that
 * all of them name. Undefined: that one says nothing.
 */
export function allowedByAll(...rules: (readonly string[] | undefined)[]): readonly string[] | undefined {
  return rules.reduce((allowed, rule) =>
    allowed && rule ? allowed.filter((region) => rule.includes(region)) : (allowed ?? rule),
  );
}
