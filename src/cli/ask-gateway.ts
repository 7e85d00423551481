/** A gateway that runs, and who asks it. */
export interface GatewayAddress {
  /** Of the graph. */
  url: string;
  key: string;
  /** What is sent beside the key. */
  headers?: Record<string, string>;
}

export interface UserError {
  code: string;
  message: string;
  path: string[] | null;
}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string }[];
}

/**
 * Asks as any client would.
 * @throws Error in one clear line, where nobody answers or what answers refuses the operation.
 */
export async function askGateway<Data>(
  gateway: GatewayAddress,
  query: string,
  variables: object,
): Promise<Data> {
  const { url } = gateway;
  const response = await post(gateway, JSON.stringify({ query, variables }));
  const { data, errors = [] } = await readAnswer<Data>(url, response);
  if (errors.length > 0 || !data)
    throw new Error(errors.map(({ message }) => message).join('; ') || `${url} answers nothing`);
  return data;
}

async function post({ url, key, headers: more }: GatewayAddress, body: string): Promise<Response> {
  const headers = { ...more, authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  try {
    return await fetch(url, { method: 'POST', headers, body });
  } catch (cause) {
    throw new Error(`no gateway answers at ${url}; is it running?`, { cause });
  }
}

async function readAnswer<Data>(url: string, response: Response): Promise<Answer<Data>> {
  try {
    return (await response.json()) as Answer<Data>;
  } catch (cause) {
    throw new Error(`what answers at ${url} is no gateway (HTTP ${response.status})`, { cause });
  }
}
