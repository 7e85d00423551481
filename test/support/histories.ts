/** How many histories the simulation of the ledger tells, and which one first: a failure names the seed to begin with. */
export const HISTORIES = Number(process.env['SLUICE_TEST_HISTORIES'] ?? 3_000);
export const FIRST_SEED = Number(process.env['SLUICE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 30));
