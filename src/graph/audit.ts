import { countAuditEvents, listAuditEvents, type AuditEvent as EventRow } from '../events/audit.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { DateTimeRange, StringFilter, withoutNull } from './inputs.ts';

const AuditEvent = builder.objectRef<EventRow>('AuditEvent');
builder.node(AuditEvent, {
  description: 'Who changed what. Events are only ever added.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.auditEvent.load(id))),
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ id }) => id }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    actor: t.string({
      description: 'Id of the key that did it, or `system` where nobody asked for it.',
      resolve: ({ actorKeyId }) => actorKeyId,
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
  }),
});

const AuditFilter = builder.inputType('AuditFilter', {
  fields: (t) => ({
    actor: t.field({ type: StringFilter, description: 'By the id of the key.' }),
    action: t.field({ type: StringFilter }),
    range: t.field({ type: DateTimeRange }),
  }),
});

const AuditEventConnection = connectionOf('AuditEvent', AuditEvent);

builder.queryField('auditEvents', (t) =>
  t.field({
    type: AuditEventConnection,
    description: 'Changes that people made in the organisation, newest first.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: AuditFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const { range, ...rest } = withoutNull(args.filter) ?? {};
      const filter = { ...rest, ...range };
      return readPage(args, {
        read: (page) => listAuditEvents(db, who, filter, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => /^\d{1,18}$/.test(text),
        count: () => countAuditEvents(db, who, filter),
      });
    },
  }),
);
