/** Every statement below the client has a mistake that only the types can see. */
import { createSluiceClient } from '../../../src/client/client.ts';
import { ModelsDocument } from '../../../src/client/generated/graphql.ts';

const sluice = createSluiceClient({ url: 'https://sluice.example.com/graphql', key: 'sk-sluice-example' });

export const answer = (await sluice.complete({ source: { text: 'Hi' } })).txet;
export const request = sluice.complete({ source: { text: 'Hi' }, modle: 'demo/echo' });
export const nested = sluice.complete({ source: { text: 'Hi' }, params: { temprature: 1 } });
export const page = sluice.request(ModelsDocument, { frist: 5 });
export const names = (await sluice.request(ModelsDocument, {})).models.nodes.map((model) => model.nmae);
export const stuck = sluice.stream({ source: { text: 'Hi' } }, { after: 'a cursor of no known completion' });
for await (const event of sluice.stream({ source: { text: 'Hi' } })) {
  if (event.__typename === 'CompletionFinished') console.log(event.text);
}
