import { createHmac } from 'node:crypto';

/** The headers that prove who sent a webhook, as Standard Webhooks 1.0.0 defines them. */
export interface SignedHeaders {
  'webhook-id': string;
  'webhook-timestamp': string;
  'webhook-signature': string;
}

/**
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 * @param secret `whsec_` and the key in base64.
 * @param message.id the same for each attempt, so that a receiver can drop repeats; without a full stop.
 * @param message.sentAt of this attempt: receivers refuse what is old.
 */
export function signWebhook(
  secret: string,
  message: { id: string; sentAt: Date; body: string },
): SignedHeaders {
  const { id, sentAt, body } = message;
  const timestamp = Math.floor(sentAt.getTime() / 1_000);
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}
