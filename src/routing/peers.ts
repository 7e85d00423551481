import { LRUCache } from 'lru-cache';

/** What another instance does with a model at the moment. */
export interface PeerCalls {
  inFlight: number;
  /** Its call tries whether the model works again. */
  isTrying: boolean;
}

/** The other instances, as far as they were heard of lately. */
export interface Peers {
  isKnown(instance: string): boolean;
  /** The instance lives, and this is what it does with these models; of others what it said before still holds. */
  hear(instance: string, reports: Iterable<PeerCalls & { model: string }>): void;
  inFlight(model: string): number;
  isTrying(model: string): boolean;
}

/** Who has calls under way says so every other second; whoever is silent for this long is taken for dead. */
const LIVES_MS = 6_000;
const MAX_INSTANCES = 100;
const MAX_MODELS = 5_000;

interface Peer {
  heardAtMs: number;
  calls: LRUCache<string, PeerCalls>;
}

export function createPeers(nowMs: () => number): Peers {
  const peers = new LRUCache<string, Peer>({ max: MAX_INSTANCES });
  const lives = ({ heardAtMs }: Peer) => heardAtMs > nowMs() - LIVES_MS;

  function* callsOf(model: string): Generator<PeerCalls> {
    for (const peer of peers.values()) {
      const calls = lives(peer) ? peer.calls.get(model) : undefined;
      if (calls) yield calls;
    }
  }
  function findOrCreate(instance: string): Peer {
    const known = peers.get(instance);
    if (known && lives(known)) return known;
    const peer = { heardAtMs: 0, calls: new LRUCache<string, PeerCalls>({ max: MAX_MODELS }) };
    peers.set(instance, peer);
    return peer;
  }
  return {
    isKnown(instance) {
      const peer = peers.peek(instance);
      return peer !== undefined && lives(peer);
    },
    hear(instance, reports) {
      const peer = findOrCreate(instance);
      peer.heardAtMs = nowMs();
      for (const { model, inFlight, isTrying } of reports) {
        if (inFlight > 0 || isTrying) peer.calls.set(model, { inFlight, isTrying });
        else peer.calls.delete(model);
      }
    },
    inFlight(model) {
      if (peers.size === 0) return 0;
      let sum = 0;
      for (const { inFlight } of callsOf(model)) sum += inFlight;
      return sum;
    },
    isTrying(model) {
      if (peers.size === 0) return false;
      for (const { isTrying } of callsOf(model)) if (isTrying) return true;
      return false;
    },
  };
}
