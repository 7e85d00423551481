import type { Endpoint } from './endpoint.ts';
import { Refused } from './errors.ts';

/** An endpoint, and what the path says. */
export interface Match {
  endpoint: Endpoint;
  params: Record<string, string>;
}

/** Finds the endpoint of a request. */
export type Route = (method: string, path: string) => Match;

interface Place {
  pattern: RegExp;
  endpoints: Endpoint[];
}

/** @returns what finds them; it throws Refused for a path that there is not, and for a method that is not meant. */
export function createRouter(endpoints: readonly Endpoint[]): Route {
  const places: Place[] = [...Map.groupBy(endpoints, ({ path }) => path)].map(([path, there]) => ({
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
    endpoints: there,
  }));
  return (method, path) => {
    for (const { pattern, endpoints: there } of places) {
      const found = pattern.exec(path);
      if (!found) continue;
      // Node leaves out the body of an answer to HEAD by itself.
      const endpoint = there.find((each) => each.method === (method === 'HEAD' ? 'GET' : method));
      if (!endpoint) throw notMeant(method, there);
      return { endpoint, params: decodeAll(found.groups ?? {}) };
    }
    throw new Refused(404, 'NOT_FOUND', `there is nothing at ${JSON.stringify(path.slice(0, 200))}`);
  };
}

function notMeant(method: string, endpoints: readonly Endpoint[]): Refused {
  const allowed = endpoints.map((endpoint) => endpoint.method).join(', ');
  const message = `${method.slice(0, 20)} is not served here; use ${allowed}`;
  return new Refused(405, 'METHOD_NOT_ALLOWED', message, { allow: allowed });
}

function decodeAll(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    throw new Refused(400, 'BAD_REQUEST', 'the path has a percent sign that stands for nothing');
  }
}
