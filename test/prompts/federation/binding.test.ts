import { composeServices as composeWithApollo } from '@apollo/composition';
import { composeServices as composeWithGuild } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, createVersion, publish, saying, setLabel } from '../support.ts';
import { bound, FIELDS, HELPDESK, readSdl, SUMMARY } from './support.ts';

const gateway = useGateway();
const at = (...path: string[]) => ['input', 'version', 'entity', ...path];

beforeAll(async () => {
  await publish(gateway(), 'summarize-ticket', bound('summary', SUMMARY));
  await publish(gateway(), 'classify-ticket', bound('kind'));
});

describe('a binding', () => {
  const text = { name: 'text', type: 'STRING' };
  const mapped = { variable: 'text', field: 'body' };
  const faultsOf = async (entity: object, variables: object[] = [text]) => {
    const version = saying('{{ text }}', {
      variables,
      entity: { typeName: 'Ticket', field: 'reply', variables: [mapped], ...entity },
    });
    const { prompt, errors } = await createPrompt(gateway(), { slug: 'faulty', version });
    expect(prompt).toBeNull();
    return errors;
  };

  it.each<[string, object, string[], RegExp]>([
    ['no name of a type', { typeName: 'My Ticket' }, ['typeName'], /is "My Ticket"; it must be a name/],
    ['a name of the language', { typeName: '__Ticket' }, ['typeName'], /no __ before/],
    ['a type of this graph', { typeName: 'Completion' }, ['typeName'], /a type of this graph itself/],
    ['a scalar', { typeName: 'String' }, ['typeName'], /a type of this graph itself/],
    ['no name of a key', { key: 'id organisation' }, ['key'], /must be a name/],
    ['a key of another type', { keyType: 'ID' }, ['keyType'], /one of ID!, String!, Int!/],
    ['no name of a field', { field: '1st' }, ['field'], /must be a name/],
    ['the key', { field: 'id' }, ['field'], /which is the key/],
    [
      'nothing for what is required',
      { variables: [] },
      ['variables'],
      /which field gives the variable "text"/,
    ],
    [
      'a variable that is not there',
      { variables: [mapped, { variable: 'other', field: 'body' }] },
      ['variables', '1', 'variable'],
      /is "other"; the prompt has text/,
    ],
    [
      'a variable twice',
      { variables: [mapped, mapped] },
      ['variables', '1', 'variable'],
      /which has a field already/,
    ],
    [
      'its own answer',
      { variables: [{ variable: 'text', field: 'reply' }] },
      ['variables', '0', 'field'],
      /what the prompt answers/,
    ],
    [
      'a type that holds no text',
      { variables: [{ ...mapped, type: '[String!]!' }] },
      ['variables', '0', 'type'],
      /is STRING, and the field must be String or ID or DateTime/,
    ],
    [
      'an object',
      { variables: [{ ...mapped, type: 'Author!' }] },
      ['variables', '0', 'type'],
      /Only scalars and lists of them/,
    ],
    [
      'the key as another type',
      { variables: [{ variable: 'text', field: 'id', type: 'String!' }] },
      ['variables', '0', 'type'],
      /the key is ID! by keyType/,
    ],
  ])('to %s is refused', async (_, entity, path, message) => {
    expect(await faultsOf(entity)).toEqual([
      { code: 'INVALID_INPUT', path: at(...path), message: expect.stringMatching(message) },
    ]);
  });

  it('says the type where a variable does not tell', async () => {
    const list = { name: 'text', type: 'LIST' };
    const message = expect.stringMatching(/must be said: the variable "text" is LIST/);
    expect(await faultsOf({}, [list])).toMatchObject([{ path: at('variables', '0', 'type'), message }]);
  });

  it('is told with all its types', async () => {
    const { data } = await gateway().ask(`{ prompt(slug: "summarize-ticket") { version { entity {
      typeName key keyType field variables { variable field type }
    } } } }`);
    expect(data.prompt.version.entity).toEqual({
      typeName: 'Ticket',
      key: 'id',
      keyType: 'ID!',
      field: 'summary',
      variables: [
        { variable: 'title', field: 'title', type: 'String!' },
        { variable: 'body', field: 'body', type: 'String' },
      ],
    });
  });
});

describe('what is published', () => {
  const refused = async (slug: string, version: object) => {
    await createPrompt(gateway(), { slug, version });
    const { errors } = await setLabel(gateway(), { slug, label: 'production', version: 1 });
    return errors[0]?.message as string;
  };

  it.each<[string, () => object, string]>([
    [
      'the field of another prompt',
      () => bound('summary'),
      'it answers Ticket.summary, which the prompt summarize-ticket does already',
    ],
    [
      'an entity that others know by another key',
      () => bound('other', {}, { key: 'number' }),
      'it knows Ticket by number: ID!, and other prompts by id: ID!',
    ],
    [
      'a field that others require',
      () => bound('body', {}, { variables: [FIELDS[0]!, { variable: 'body', field: 'text' }] }),
      'it answers Ticket.body, which other prompts require of another subgraph',
    ],
    [
      'another type of a field',
      () => bound('other', {}, { variables: [FIELDS[0]!, { variable: 'body', field: 'body' }] }),
      'it requires Ticket.body: String!, and other prompts String',
    ],
    [
      'what another prompt answers',
      () => bound('other', {}, { variables: [FIELDS[0]!, { variable: 'body', field: 'summary' }] }),
      'it requires Ticket.summary of another subgraph, and the prompt summarize-ticket answers it here',
    ],
    [
      'a type of another prompt',
      () => bound('other', {}, { typeName: 'SummarizeTicketResult' }),
      'it is bound to the type SummarizeTicketResult, which the prompt summarize-ticket has already',
    ],
    [
      'a type of its own',
      () => bound('other', {}, { typeName: 'RefusedSixPayload' }),
      'it is bound to the type RefusedSixPayload, which it has already',
    ],
  ])('binds no %s', async (what, version, message) => {
    const slug = what === 'a type of its own' ? 'refused-six' : what.replaceAll(/[^a-z]+/g, '-');
    expect(await refused(slug, version())).toContain(message);
  });

  it('tells what changes in the entity', async () => {
    const slug = 'classify-ticket';
    const changesOf = async (version: object) => {
      const { promptVersion } = await createVersion(gateway(), { slug, version });
      const { data } = await gateway().ask(
        `query ($number: Int!) { promptCheck(slug: "${slug}", version: $number) {
          changes { kind path message } errors { message }
        } }`,
        { number: promptVersion.number },
      );
      const { changes, errors } = data.promptCheck;
      expect(errors).toEqual([]);
      return changes
        .filter(({ path }: { path: string }) => !/^(Ai|AiStream|ClassifyTicket)/.test(path))
        .map(({ kind, message }: Record<string, string>) => `${kind} ${message}`);
    };
    const variables = [...FIELDS, { variable: 'author', field: 'author', type: 'ID' }];
    const template = '{{ title }} {{ body }} {{ author }}';
    const names = ['title', 'body', 'author'].map((name) => ({ name, type: 'STRING' }));
    const more = { variables: names, messages: [{ role: 'USER', template }] };
    expect(await changesOf(bound('kind', more, { variables }))).toEqual([
      'DANGEROUS Ticket.author must be ID in the subgraph that has it.',
    ]);
    expect(await changesOf(bound('kind', SUMMARY))).toEqual([
      'BREAKING Ticket.kind changed type from String to ClassifyTicketResult.',
    ]);
    expect(await changesOf(bound('sort'))).toEqual([
      'BREAKING Ticket.kind is removed.',
      'SAFE Ticket.sort is added.',
    ]);
    expect(await changesOf(saying('{{ title }}: {{ body }}'))).toEqual(['BREAKING Ticket.kind is removed.']);
    const { data } = await gateway().ask(`{ promptCheck(slug: "summarize-ticket", version: 1, label: "new") {
      changes { path }
    } }`);
    expect(data.promptCheck.changes).toEqual([]);
  });
});

describe.each([
  ['@apollo/composition', composeWithApollo],
  ['@theguild/federation-composition', composeWithGuild],
])('the subgraph, composed with the one that has the entity by %s', (_, compose) => {
  it('gives one supergraph without errors', async () => {
    const sdl = await readSdl(gateway());
    expect(/^type Ticket [^}]*}/m.exec(sdl)?.[0]).toBe(`type Ticket @key(fields: "id") {
  id: ID!
  title: String! @external
  body: String @external
  kind: String @requires(fields: "title body")
  summary: SummarizeTicketResult @requires(fields: "title body")
}`);
    const { errors = [], supergraphSdl = '' } = compose([
      { name: 'helpdesk', url: 'http://helpdesk/graphql', typeDefs: parse(HELPDESK) },
      { name: 'sluice', url: 'http://sluice/graphql', typeDefs: parse(sdl) },
    ]);
    expect(errors).toEqual([]);
    expect(supergraphSdl).toMatch(
      /summary: SummarizeTicketResult @join__field\(graph: SLUICE, requires: "title body"/,
    );
  });
});
