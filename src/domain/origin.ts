/** Which request did something, for whoever looks into it later. */
export interface Origin {
  /** The `x-request-id` of the request, or what else it was that did it. */
  requestId: string;
  /** Address of the client; undefined where nobody asked. */
  ip?: string | undefined;
}
