/** A number from 0 to 1, drawn from the Beta distribution; both parameters above 0. */
export function sampleBeta(alpha: number, beta: number, random: () => number): number {
  const a = sampleGamma(alpha, random);
  const b = sampleGamma(beta, random);
  return a + b > 0 ? a / (a + b) : 0.5;
}

/** Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (2000), with their way for shapes below 1. */
function sampleGamma(shape: number, random: () => number): number {
  if (shape < 1) return sampleGamma(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = sampleNormal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller (1958). */
function sampleNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
