import type { Statement } from './statement.ts';

/** 1 to 25: what went wrong in other gateways; F: faults that are injected. */
export const LESSONS: Record<string, Statement> = {
  1: {
    says: 'No field or header changes where a vendor is; addresses are checked after resolution and on each redirect.',
    shown: [
      ['test/security/ssrf.test.ts', 'has no field %s that could change where a vendor is'],
      [
        'test/security/ssrf.test.ts',
        'is resolved once: what it leads to the next moment is never connected to',
      ],
      ['test/security/ssrf.test.ts', 'of a price list to %s is looked at before it is followed'],
      ['test/security/ssrf.test.ts', 'is named to the vendor, and never fetched by the gateway'],
      ['test/lib/safe-address.test.ts', '%s does not lie on the public internet'],
    ],
  },
  2: {
    says: 'No path is without the guard.',
    shown: [['test/security/routes.test.ts', '%s shows nothing without a key, whatever the method']],
  },
  3: {
    says: 'The check of a key is no way into the database.',
    shown: [['test/security/injection.test.ts', '%j as a credential is unknown']],
  },
  4: {
    says: 'Wild cards are characters.',
    shown: [['test/security/injection.test.ts', 'wild cards of SQL are characters of a search']],
  },
  5: {
    says: 'Credentials that begin alike are told apart.',
    shown: [
      ['test/access/authentication.test.ts', '%s is refused'],
      ['test/access/token-refusals.test.ts', 'and another one that begins alike are two'],
    ],
  },
  6: {
    says: 'No answer of one organisation is given to another.',
    shown: [
      [
        'test/access/tenancy.test.ts',
        'an admin of one organisation who names all of another finds nothing and changes nothing',
      ],
      ['test/response-cache/principals.test.ts', 'two organisations, whose prices differ'],
    ],
  },
  7: { says: 'Templates run nothing.', notYet: 'there are no templates' },
  8: {
    says: 'Nothing that is only tried starts a process, and the Host header is no proof.',
    shown: [
      [
        'test/security/routes.test.ts',
        'a forged host, or address of the client, is never a reason to answer',
      ],
    ],
  },
  9: {
    says: 'References to the environment are followed at the start only.',
    shown: [['test/config/config-file.test.ts', 'refers to variables that are set, by names that are whole']],
  },
  10: {
    says: 'Lists need rights too.',
    shown: [['test/access/scopes.test.ts', 'refuses $field without $needs']],
  },
  11: {
    says: 'An id of another leads nowhere, and uses nobody’s key.',
    shown: [['test/access/tenancy.test.ts', 'each field that an operation can begin with']],
  },
  12: {
    says: 'Weak or empty secrets end the start.',
    shown: [['test/config/load.test.ts', 'SLUICE_SECRET']],
  },
  13: {
    says: 'Keys are in no log, error or table.',
    shown: [
      ['test/access/keys.test.ts', 'is shown once and then nowhere: in no answer, no log and no table'],
    ],
  },
  14: {
    says: 'What is stored of a key is no key.',
    shown: [['test/security/injection.test.ts', 'what is stored of a key is no key']],
  },
  15: { says: 'Streams are guarded as whole answers are.', notYet: 'there are no guardrails' },
  16: { says: 'A value that is split over chunks is found.', notYet: 'there are no guardrails' },
  17: {
    says: 'An answer that was cut is never told as whole.',
    shown: [['test/completion/ends.test.ts', 'what broke off is kept and counted']],
  },
  18: {
    says: 'What was cancelled costs what it cost.',
    shown: [
      [
        'test/completion/ends.test.ts',
        'HTTP aborted: the model is stopped at once, and what came so far is kept',
      ],
    ],
  },
  19: {
    says: 'No hold stays, and none counts twice.',
    shown: [
      [
        'test/ledger/property.test.ts',
        'whatever happens in whatever order, each attempt is charged at most once and the books balance',
      ],
    ],
  },
  20: {
    says: 'Many at once spend no more than one after the other.',
    shown: [['test/ledger/processes.test.ts', 'hold money for exactly 10 of 64 callers at once']],
  },
  21: {
    says: 'Leaving costs nobody anything.',
    shown: [['test/budgets/estimate.test.ts', 'takes its bounded time on text that tokenizers dislike']],
  },
  22: {
    says: 'What is checked is what is sent on; one character set, one reading.',
    shown: [
      [
        'test/security/injection.test.ts',
        'a name that stands twice is read once, and what is read is what is checked and sent on',
      ],
      ['test/server/requests.test.ts', 'application/json; charset=utf-7'],
      ['test/security/slow-clients.test.ts', 'a request with %s is refused'],
    ],
  },
  23: {
    says: 'Checking an operation is bounded itself.',
    shown: [['test/security/bombs.test.ts', '100 x 100 inline fragments']],
  },
  24: {
    says: 'A WebSocket has every limit that HTTP has, and its own.',
    shown: [
      ['test/security/sockets.test.ts', 'in pieces of one byte is closed'],
      ['test/security/sockets.test.ts', 'with a flood of headers'],
      ['test/server/sockets.test.ts', 'frames are never compressed, whatever the client offers'],
    ],
  },
  25: {
    says: 'What is installed is what was looked at, and no input stains a prototype.',
    shown: [
      ['test/security/supply-chain.test.ts', 'is known by its hash'],
      ['test/security/bombs.test.ts', '__proto__ and constructor in variables stain nothing'],
    ],
  },
  F24: {
    says: 'Idle sockets are closed, and those that read nothing are cut without harm to others.',
    shown: [
      ['test/security/sockets.test.ts', 'is closed when nothing runs on it, and not while something does'],
      ['test/server/slow-readers.test.ts', 'over WS, with a reason'],
    ],
    unsaid: 'how much memory ten thousand of them take',
  },
  F25: {
    says: 'Floods over a WebSocket end that socket.',
    shown: [
      ['test/security/sockets.test.ts', 'in messages is closed for good, and others go on'],
      ['test/security/sockets.test.ts', 'in %ss is closed for good'],
      ['test/security/sockets.test.ts', 'is closed when it does not tell who it is'],
    ],
  },
  F26: {
    says: 'Bombs are refused before they cost anything.',
    shown: [['test/security/bombs.test.ts', 'needs no key to be looked up']],
  },
  F30: {
    says: 'Who sends or reads slowly is given up.',
    shown: [
      ['test/security/slow-clients.test.ts', '%s are given up, and others are served'],
      ['test/server/slow-readers.test.ts', 'over SSE'],
    ],
  },
  F31: {
    says: 'What is sent again happens once.',
    shown: [
      [
        'test/completion/idempotency.test.ts',
        'asked fifty times at once is one completion, one call and one charge',
      ],
    ],
    unsaid: 'webhooks are sent and never taken',
  },
};
