import { countAuditEvents, listAuditEvents, type AuditEvent as EventRow } from '../events/audit.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { DateTimeRange, StringFilter, withoutNull } from './inputs.ts';

const AuditEvent = builder.objectRef<EventRow>('AuditEvent');
builder.node(AuditEvent, {
  description:
    'Who changed what, logged in or was refused. Events are only ever added; each carries the hash of the one before.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.auditEvent.load(id))),
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ seq }) => seq.toString() }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    actor: t.string({
      description: 'Id of the key or of the user that did it, or `system` where nobody asked for it.',
      resolve: ({ actorId }) => actorId,
    }),
    action: t.exposeString('action', { description: 'For instance `ledger.adjust`.' }),
    targetId: t.id({ resolve: ({ targetId }) => targetId }),
    target: t.node({
      description: 'What was changed, as it is now; null where the viewer may not see it.',
      id: ({ targetId }) => targetId,
    }),
    before: t.field({ type: 'JSON', nullable: true, resolve: ({ before }) => before }),
    after: t.field({ type: 'JSON', nullable: true, resolve: ({ after }) => after }),
    requestId: t.exposeString('requestId', { description: 'The `x-request-id` of the request that did it.' }),
    ip: t.string({
      nullable: true,
      description: 'Address of the client; null where nobody asked for it.',
      resolve: ({ ip }) => ip,
    }),
    seq: t.field({
      type: 'SafeInt',
      description: 'Place in the chain of the organisation, from 1 on.',
      resolve: ({ seq }) => Number(seq),
    }),
    hash: t.exposeString('hash', { description: 'SHA-256 of everything else in the event, in hexadecimal.' }),
    previousHash: t.exposeString('previousHash', {
      description: 'The hash of the event before; empty for the first.',
    }),
  }),
});

const AuditFilter = builder.inputType('AuditFilter', {
  fields: (t) => ({
    actor: t.field({ type: StringFilter, description: 'By the id of the key or user.' }),
    action: t.field({ type: StringFilter }),
    target: t.field({ type: StringFilter, description: 'By the id of what was changed.' }),
    requestId: t.field({ type: StringFilter }),
    range: t.field({ type: DateTimeRange }),
  }),
});

const AuditEventConnection = connectionOf('AuditEvent', AuditEvent);

builder.queryField('auditEvents', (t) =>
  t.field({
    type: AuditEventConnection,
    description:
      'What people did in the organisation, newest first. Completions are in the ledger and not here.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: AuditFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const { range, ...rest } = withoutNull(args.filter) ?? {};
      const filter = { ...rest, ...range };
      return readPage(args, {
        read: (page) => listAuditEvents(db, who, filter, page),
        cursorOf: ({ seq }) => seq.toString(),
        isCursor: (text) => /^\d{1,18}$/.test(text),
        count: () => countAuditEvents(db, who, filter),
      });
    },
  }),
);
