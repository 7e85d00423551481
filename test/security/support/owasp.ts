import type { Statement } from './statement.ts';

/** G: of OWASP's GraphQL Cheat Sheet; A: of its API Top 10 (2023); L: of its LLM Top 10 (2025). */
export const OWASP: Record<string, Statement> = {
  G1: {
    says: 'A query that is too deep is refused before any resolver, on every transport.',
    shown: [
      ['test/server/limits.test.ts', 'what is too %s is refused, the first time and again'],
      ['test/security/bombs.test.ts', '%s are refused, and the process answers'],
    ],
  },
  G2: {
    says: 'Too many aliases, fields at the root, directives or tokens are refused, each with its code.',
    shown: [
      ['test/graph/limits.test.ts', 'what is too %s is refused'],
      ['test/security/bombs.test.ts', '%s are refused, and the process answers'],
    ],
  },
  G3: {
    says: 'Lists cost first times child; what costs too much is refused, and the cost is told.',
    shown: [['test/graph/limits.test.ts', 'a list inside a list costs what its variables make it cost']],
  },
  G4: {
    says: 'No list is without a limit.',
    shown: [
      ['test/security/bombs.test.ts', '%s has a bound that nobody passes'],
      ['test/graph/connections.test.ts', 'has 50 rows to a page unless asked otherwise, and at most 200'],
    ],
  },
  G5: {
    says: 'A body that is too large gets 413 before it is parsed.',
    shown: [
      ['test/server/requests.test.ts', 'in chunks is refused, while a smaller one is read'],
      ['test/security/bombs.test.ts', 'a body of 50 MB %s'],
    ],
  },
  G6: {
    says: 'An operation over its time is ended, and so are its calls.',
    shown: [
      [
        'test/security/bombs.test.ts',
        'an operation over its time is ended, its call is stopped, and its hold given back',
      ],
      ['test/security/bombs.test.ts', 'over a WebSocket too, and the socket stays open'],
    ],
  },
  G7: {
    says: 'Operations do not come in batches.',
    shown: [
      ['test/server/requests.test.ts', 'several operations in one request are refused'],
      ['test/security/bombs.test.ts', 'a batch of 1,000 operations'],
    ],
  },
  G8: {
    says: 'In production there is no GraphiQL, no suggestion, and no schema without a key or at all.',
    shown: [
      ['test/security/introspection.test.ts', 'nobody reads the schema where nobody may'],
      ['test/access/authentication.test.ts', 'does not suggest what a misspelt name should have been'],
      ['test/server/graphiql.test.ts', 'production has no such page'],
    ],
  },
  G9: {
    says: 'What a page of another site can make a browser send is refused.',
    shown: [
      ['test/server/requests.test.ts', 'what a browser can send to another site without asking is refused'],
      ['test/server/sockets.test.ts', 'the page that opens a socket'],
      ['test/browser/foreign-pages.test.ts', 'of another origin cannot send what a browser sends unasked'],
    ],
  },
  G10: {
    says: 'What belongs to another organisation is not found, however it is named.',
    shown: [
      [
        'test/access/tenancy.test.ts',
        'an admin of one organisation who names all of another finds nothing and changes nothing',
      ],
    ],
  },
  G11: {
    says: 'Errors tell no SQL, stack, path, address of a vendor or key.',
    shown: [
      ['test/security/leaks.test.ts', 'to %s tells nothing of the inside'],
      ['test/server/errors.test.ts', 'errors over %s'],
    ],
  },
  G12: {
    says: 'Text reaches the database as a parameter only.',
    shown: [
      [
        'test/security/injection.test.ts',
        '%j in every id, filter and cursor finds nothing and changes nothing',
      ],
      ['test/access/nul.test.ts', 'a NUL in an id, a filter or a name is a character like any other'],
      ['test/completion/strange-text.test.ts', 'in a prompt is answered and kept'],
    ],
  },
  G13: {
    says: 'Scalars take no number that they cannot hold.',
    shown: [
      ['test/graph/scalars.test.ts', 'SafeInt'],
      ['test/graph/scalars.test.ts', 'Decimal'],
    ],
  },
  G14: {
    says: 'A subscription asks again who it is for; a socket, a key and an address have only so many.',
    shown: [
      [
        'test/access/revocation.test.ts',
        'gets no further event of a stream: an error, the end, and the model is stopped',
      ],
      [
        'test/server/sockets.test.ts',
        'operations over the cap are refused one by one, and run once others ended',
      ],
      [
        'test/security/sockets.test.ts',
        'of one key are told to come back later; those of another key are not',
      ],
    ],
  },
  A1: {
    says: 'No object of another is reached by its id.',
    shown: [['test/access/visibility.test.ts', 'finds nothing of another team by naming it']],
  },
  A2: {
    says: 'A wrong credential of any kind is refused alike, and a key never stands in an address.',
    shown: [
      ['test/access/authentication.test.ts', '%s is refused'],
      ['test/security/injection.test.ts', 'a key in the address is none'],
      ['test/access/token-refusals.test.ts', '%s is refused, and why is not told'],
      [
        'test/access/certificates.test.ts',
        'that is over, or of an authority that is not known, counts as none',
      ],
      ['test/limits/failed-credentials.test.ts', '1,000 wrong keys from one address are throttled'],
    ],
  },
  A3: {
    says: 'Nobody sets or reads what is not theirs to set or read.',
    shown: [
      ['test/security/injection.test.ts', '%s with %s is refused as no input of its'],
      ['test/access/properties.test.ts', 'shows no secret and no hash'],
    ],
  },
  A4: {
    says: 'Everything that can be used up has a limit, and output is clamped to what a budget can pay.',
    shown: [
      ['test/budgets/budgets.test.ts', 'keeps a vendor from writing more than is held for'],
      ['test/security/bombs.test.ts', 'variables of %s are refused'],
      ['test/security/sockets.test.ts', 'of one address are refused, and let in again when others have gone'],
      [
        'test/limits/completions.test.ts',
        'of requests lets as many through, and tells the next one what it is',
      ],
      ['test/limits/completions.test.ts', 'of tokens counts what was really used'],
    ],
  },
  A5: {
    says: 'Each field is refused without the right that it needs.',
    shown: [
      ['test/access/scopes.test.ts', 'refuses $field without $needs'],
      ['test/access/rules.test.ts', 'has a rule for every field'],
    ],
  },
  A6: {
    says: 'What gives rights or money is written down.',
    shown: [
      ['test/audit/audit.test.ts', 'says who changed what and why, newest first'],
      [
        'test/operations/trusted-documents.test.ts',
        'the same text again changes its name and policy; the audit holds both and who did it',
      ],
      ['test/limits/operation-cost.test.ts', 'refuses over %s at the top level'],
    ],
  },
  A7: {
    says: 'No address that is given leads inside.',
    shown: [['test/security/ssrf.test.ts', 'every client of the gateway refuses to connect inside']],
  },
  A8: {
    says: 'The start refuses weak secrets; answers carry security headers; CORS is off unless set.',
    shown: [
      ['test/config/load.test.ts', 'SLUICE_ADMIN_KEY'],
      ['test/server/requests.test.ts', 'every answer carries the security headers'],
      ['test/server/requests.test.ts', 'is on for exactly the origins configured'],
    ],
  },
  A9: {
    says: 'Each path is known, written down and guarded.',
    shown: [['test/security/routes.test.ts', 'each path that the server knows is in the README']],
  },
  A10: {
    says: 'What a vendor answers is checked, bounded and not believed.',
    shown: [
      ['test/completion/vendors.test.ts', 'a usage of %d tokens is not believed'],
      ['test/providers/fetch.test.ts', 'breaks an answer off that is larger than any answer'],
      ['test/providers/fetch.test.ts', 'does not follow a redirect'],
    ],
  },
  L1: { says: 'Prompts that inject are noticed.', notYet: 'there are no guardrails' },
  L2: {
    says: 'Keys and prompts stay out of logs and of what is stored beside them.',
    shown: [
      ['test/security/leaks.test.ts', 'the log holds no key and no prompt'],
      ['test/lib/logger.test.ts', 'is taken out without breaking the line, whatever stands around it'],
    ],
  },
  L3: {
    says: 'What is installed is pinned, known by its hash, and runs nothing by being installed.',
    shown: [['test/security/supply-chain.test.ts', 'runs nothing by being installed']],
  },
  L4: { says: 'No output of a model writes a template.', notYet: 'there are no templates' },
  L5: {
    says: 'What a model writes is never run or shown as markup.',
    shown: [
      ['test/security/supply-chain.test.ts', 'makes no code from text'],
      ['test/completion/vendors.test.ts', 'an HTML page with status %d is a failure without markup'],
    ],
  },
  L6: {
    says: 'No request starts a process.',
    shown: [
      ['test/security/supply-chain.test.ts', 'starts no process, but where the database’s snapshot is made'],
    ],
  },
  L7: {
    says: 'A system prompt does not leak.',
    notYet: 'there are no prompts of the owner and no guardrails',
  },
  L8: { says: 'A cache by meaning is apart for each organisation.', notYet: 'there is no such cache' },
  L9: {
    says: 'Refusals of a model are passed on unchanged.',
    shown: [['test/providers/failures.test.ts', 'another refusal keeps the words of the vendor']],
  },
  L10: {
    says: 'Nobody spends more than there is.',
    shown: [
      [
        'test/ledger/processes.test.ts',
        'let exactly 10 of 64 callers through on a budget that is worth 10 requests',
      ],
    ],
  },
};
