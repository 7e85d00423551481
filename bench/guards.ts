/**
 * `npm run bench:guards`: what it takes to know who asks, to take from limits and to count the cost of the operation, as
 * shares of a whole request over HTTP, with limits in memory and in Redis (`--redis` is its URL). All of it runs one
 * request at a time, so a share is one of the time that a caller waits. With `--quick` shortly, to see that it works.
 */
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { openGuardedGateway, type GuardedGateway } from './guarded-gateway.ts';
import { format, layOut, median } from './report.ts';

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: 'redis://127.0.0.1:6379' },
    quick: { type: 'boolean', default: false },
  },
});
const pace = values.quick ? { rounds: 2, turns: 20 } : { rounds: 9, turns: 300 };

/** In ms for each turn. */
async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  for (let turn = 0; turn < pace.turns; turn += 1) await work();
  return (performance.now() - startedAt) / pace.turns;
}

/** One after the other in each round, so that whatever else the machine does meets all alike. */
async function measure({ guards, requests }: GuardedGateway): Promise<string[][]> {
  const works = { ...guards, ...requests };
  const samples = new Map(Object.keys(works).map((name) => [name, [] as number[]]));
  for (const work of Object.values(works)) await time(work);
  for (let round = 0; round < pace.rounds; round += 1)
    for (const [name, work] of Object.entries(works)) samples.get(name)?.push(await time(work));
  const shareOf = (guard: string, request: string) => {
    const whole = samples.get(request) ?? [];
    const shares = (samples.get(guard) ?? []).map((ms, round) => ms / (whole[round] ?? Number.NaN));
    return `${format(median(shares) * 100, 1)} %`;
  };
  const names = Object.keys(requests);
  return [
    ['', ...names.map((name) => `of ${name}`)],
    ...Object.keys(guards).map((guard) => [guard, ...names.map((request) => shareOf(guard, request))]),
  ];
}

async function isThere(redisUrl: string): Promise<boolean> {
  const client = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  const answers = await client.connect().then(
    () => true,
    () => false,
  );
  client.disconnect();
  return answers;
}

const places = [{ name: 'limits in memory', redisUrl: undefined as string | undefined }];
if (await isThere(values.redis)) places.push({ name: 'limits in Redis', redisUrl: values.redis });
else console.log('Redis is left out: none answers\n');
for (const { name, redisUrl } of places) {
  await using gateway = await openGuardedGateway(redisUrl);
  console.log(`${name}\n${layOut(await measure(gateway))}\n`);
}
