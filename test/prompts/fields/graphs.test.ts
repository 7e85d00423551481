import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_ORGANISATION } from '../../../src/access/bootstrap.ts';
import {
  createOrganisationGraphs,
  type OrganisationGraphs,
} from '../../../src/graph/prompt-fields/organisation-graphs.ts';
import { readStaticTypes } from '../../../src/graph/prompt-fields/static-types.ts';
import { schema } from '../../../src/graph/schema.ts';
import { useGateway } from '../../support/gateway.ts';
import { createVersion, publish, saying, setLabel } from '../support.ts';
import { summarising } from './support.ts';

const gateway = useGateway();
let graphs: OrganisationGraphs;

beforeAll(async () => {
  await publish(gateway(), 'summarize-ticket', summarising());
  await publish(gateway(), 'greet', saying('Hello!'));
  graphs = createOrganisationGraphs(gateway().gateway, readStaticTypes(schema));
});

const find = (label?: string) => graphs.find(DEFAULT_ORGANISATION, label);

describe('the graph of an organisation', () => {
  it('is made once for all who ask at once, and kept until something changes', async () => {
    const [one, two] = await Promise.all([find(), find()]);
    expect(two).toBe(one);
    gateway().gateway.prompts.book.forget(DEFAULT_ORGANISATION);
    expect(await find()).toBe(one);
    expect(await find('nowhere')).toBe(one);
  });

  it('is another after a change, and takes over all that did not change', async () => {
    const before = await find();
    await createVersion(gateway(), { slug: 'greet', version: saying('Hi!') });
    await setLabel(gateway(), { slug: 'greet', label: 'production', version: 2 });
    const after = await find();
    expect(after.schema).not.toBe(before.schema);
    for (const name of ['Completion', 'Mutation', 'SummarizeTicketResult', 'SummarizeTicketPayload'])
      expect(after.schema.getType(name)).toBe(before.schema.getType(name));
    expect(before.served.get('greet')?.types.version.number).toBe(1);
  });

  it('keeps the interfaces of the shared one', async () => {
    const { schema: own } = await find();
    const names = (of: typeof schema, name: string) =>
      of.getPossibleTypes(of.getType(name) as never).map((type) => type.name);
    for (const name of ['UserError', 'Node', 'CompletionEvent'])
      expect(names(own, name)).toEqual(names(schema, name));
  });

  it('is the shared one where nothing is published, or nothing can be read', async () => {
    expect((await graphs.find('org_of_nobody')).schema).toBe(schema);
    const { prompts, logger } = gateway().gateway;
    const list = () => Promise.reject(new Error('the database is gone'));
    const deps = { prompts: { ...prompts, book: { ...prompts.book, list } }, logger };
    const blind = createOrganisationGraphs(deps, readStaticTypes(schema));
    expect((await blind.find(DEFAULT_ORGANISATION)).schema).toBe(schema);
  });
});
