/** A model server that costs next to nothing: the OpenAI chat API with canned answers, whole or as a stream. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { announce } from './announce.ts';
import { readModelName, WORD } from './scenario.ts';

const HEAD = { id: 'chatcmpl-1', created: 1_700_000_000, model: 'bench' };
const CHUNK = { ...HEAD, object: 'chat.completion.chunk' };
const delta = (content: string) => toEvent({ ...CHUNK, choices: [{ index: 0, delta: { content } }] });
const FIRST = toEvent({ ...CHUNK, choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] });
const NEXT = delta(WORD);

announce(createServer((request, response) => void serve(request, response)));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await json(request)) as { model: string; stream?: boolean };
  const script = readModelName(body.model);
  if (!script) response.writeHead(404).end();
  else if (body.stream) stream(response, script.words, script.paceMs);
  else answer(response, script.words);
}

function answer(response: ServerResponse, words: number): void {
  const message = { role: 'assistant', content: WORD.repeat(words) };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  const body = JSON.stringify({ ...HEAD, object: 'chat.completion', choices, usage: usageOf(words) });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}

function stream(response: ServerResponse, words: number, paceMs: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const end = endOf(words);
  if (paceMs === 0) return void response.end(FIRST + NEXT.repeat(words) + end);
  let said = 1;
  response.write(FIRST + NEXT);
  const timer = setInterval(() => {
    if (said < words) response.write(NEXT);
    else response.end(end);
    said += 1;
  }, paceMs);
  response.once('close', () => clearInterval(timer));
}

function endOf(words: number): string {
  const finish = toEvent({ ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  return `${finish}${toEvent({ ...CHUNK, choices: [], usage: usageOf(words) })}data: [DONE]\n\n`;
}

function usageOf(words: number) {
  return { prompt_tokens: 8, completion_tokens: words, total_tokens: 8 + words };
}

function toEvent(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
