import { afterAll, afterEach, beforeEach } from 'vitest';
import { makeKey, type MadeKey } from '../access/support/keys.ts';
import { create, say } from '../completion/support/completions.ts';
import { startVendor, type Vendor } from '../completion/support/vendor.ts';
import { useGateway } from '../support/gateway.ts';
import { setRoute, type Refusal } from './support.ts';

/**
 * A gateway with two vendors in the European Union and one in the United States, each with a `model`, that answer at once
 * with their own name, but for those that are silent. No rule of the organisation is left after a test.
 */
export async function useRegions() {
  const [berlin, paris, ohio] = [
    await startVendor('berlin'),
    await startVendor('paris'),
    await startVendor('ohio'),
  ];
  const vendors = [berlin, paris, ohio];
  const silent = new Set<Vendor>();
  for (const vendor of vendors) void answerAlways(vendor, silent);
  const inRegion = ({ config }: Vendor, region: string) => ({ ...config, region });
  const gateway = useGateway({
    config: { providers: [inRegion(berlin, 'eu'), inRegion(paris, 'eu'), inRegion(ohio, 'us')] },
  });
  const caller = createCaller(gateway);
  beforeEach(() => {
    silent.clear();
    for (const vendor of vendors) Object.assign(vendor, { calls: 0, refusal: undefined });
  });
  afterEach(async () => {
    const [fault] = await caller.setOfOrganisation([]);
    if (fault) throw new Error(fault.message);
  });
  afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));
  return { gateway, berlin, ohio, silent, ...caller };
}

async function answerAlways(vendor: Vendor, silent: ReadonlySet<Vendor>): Promise<void> {
  for (;;) {
    const call = await vendor.nextCall();
    if (silent.has(vendor)) continue;
    call.say(vendor.config.name);
    call.finish();
  }
}

/** What tests of residency do with a gateway. */
function createCaller(gateway: ReturnType<typeof useGateway>) {
  async function change(mutation: string, variables: object, key?: string): Promise<Refusal[]> {
    const names = Object.keys(variables).map((name) => `$${name}: ${name === 'id' ? 'ID!' : '[String!]!'}`);
    const query = `mutation (${names.join(', ')}) { answer: ${mutation} { errors { code message path } } }`;
    const { data, errors } = await gateway().ask(query, variables, key === undefined ? {} : { key });
    if (!data) throw new Error(JSON.stringify(errors));
    return data.answer.errors;
  }
  return {
    setOfOrganisation: (regions: string[], key?: string) =>
      change('organisationUpdate(input: { regions: $regions })', { regions }, key),
    setOfTeam: (id: string, regions: string[]) =>
      change('teamUpdate(input: { id: $id, regions: $regions })', { id, regions }),
    setOfKey: (id: string, regions: string[], key?: string) =>
      change('keyUpdate(input: { id: $id, regions: $regions })', { id, regions }, key),
    async makeTeam(name: string): Promise<string> {
      const query = 'mutation ($name: String!) { teamCreate(input: { name: $name }) { team { id } } }';
      return (await gateway().ask(query, { name })).data.teamCreate.team.id;
    },
    makeCaller: (more: { teamId?: string; regions?: string[] } = {}): Promise<MadeKey> =>
      makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], ...more }),
    /** Who answered, or the code and the message of the refusal. */
    async ask(model: string, { secret: key }: MadeKey): Promise<string> {
      const { completion, errors } = await create(gateway(), say(model, 'hi'), { key });
      const [error] = errors;
      return error ? `${error.code}: ${error.message}` : (completion?.text ?? '');
    },
    async route(name: string, models: string[], more: object = {}): Promise<void> {
      const targets = models.map((model) => ({ model, retries: 0 }));
      const { errors } = await setRoute(gateway(), { name, targets, ...more });
      if (errors.length > 0) throw new Error(JSON.stringify(errors));
    },
  };
}
