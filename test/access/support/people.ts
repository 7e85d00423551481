import type { TestGateway } from '../../support/gateway.ts';
import type { MadeKey } from './keys.ts';

/** What an admin does about people, each answering its payload; `topLevel` holds the errors of a refused operation. */
export function peopleOf(gateway: () => TestGateway) {
  async function change(mutation: string, variables: Record<string, unknown> = {}, key?: MadeKey) {
    const types: Record<string, string> = { scopes: '[Scope!]!', name: 'String!', role: 'String!' };
    const named = Object.keys(variables).map((name) => `$${name}: ${types[name] ?? 'ID!'}`);
    const head = named.length > 0 ? `(${named.join(', ')})` : '';
    const query = `mutation ${head} { answer: ${mutation} }`;
    const { data, errors } = await gateway().ask(query, variables, key && { key: key.secret });
    return data?.answer ?? { topLevel: errors };
  }

  return {
    change,
    createTeam: async (name: string) =>
      (await change('teamCreate(input: { name: $name }) { team { id } }', { name })).team.id as string,
    setMember: (user: string, team: string, role: string) =>
      change(
        `memberSet(input: { userId: $user, teamId: $team, role: $role }) {
          member { user { id } team { id } role { name scopes } } errors { code message path }
        }`,
        { user, team, role },
      ),
    setRole: (name: string, scopes: string[]) =>
      change(
        'roleSet(input: { name: $name, scopes: $scopes }) { role { id name scopes builtIn } errors { code message path } }',
        { name, scopes },
      ),
    deleteRole: (name: string) =>
      change('roleDelete(name: $name) { deletedName errors { code message path } }', { name }),
    /** What was done to something, the last first. */
    async auditOf(targetId: string): Promise<string[]> {
      const rows = await gateway().gateway.database.sql<{ action: string }[]>`
        SELECT action FROM audit_events WHERE target_id = ${targetId} ORDER BY id DESC`;
      return rows.map(({ action }) => action);
    },
  };
}
