-- What `hash` is taken over: every other column, so written that no two events read the same. `src/events/audit-chain.ts`
-- has the same words, because whoever verifies must not trust what stands in the database.
CREATE FUNCTION audit_hash(e audit_events) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    e.id, e.organisation_id, e.seq, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.actor_key_id,
    e.action, e.target_id, e.before::text, e.after::text, e.request_id, e.ip, e.previous_hash
  )::text, 'UTF8')), 'hex')
$$;
--> statement-breakpoint
-- Events from before there was a chain become its beginning, in their order.
DO $$
DECLARE
  e audit_events;
  head audit_heads;
BEGIN
  FOR e IN SELECT * FROM audit_events ORDER BY organisation_id, id LOOP
    IF head.organisation_id IS DISTINCT FROM e.organisation_id THEN
      head := ROW(e.organisation_id, 0, '');
      INSERT INTO audit_heads SELECT head.*;
    END IF;
    e.seq := head.seq + 1;
    e.previous_hash := head.hash;
    head.seq := e.seq;
    head.hash := audit_hash(e);
    UPDATE audit_events SET seq = e.seq, previous_hash = e.previous_hash, hash = head.hash WHERE id = e.id;
    UPDATE audit_heads SET seq = head.seq, hash = head.hash WHERE organisation_id = head.organisation_id;
  END LOOP;
END $$;
--> statement-breakpoint
CREATE UNIQUE INDEX "audit_events_chain" ON "audit_events" ("organisation_id", "seq");
--> statement-breakpoint
-- The lock on the head makes those who append to one chain take turns until their commit, so time and place agree.
CREATE FUNCTION audit_append() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  head audit_heads;
BEGIN
  INSERT INTO audit_heads (organisation_id, seq, hash) VALUES (NEW.organisation_id, 0, '')
    ON CONFLICT (organisation_id) DO NOTHING;
  SELECT * INTO head FROM audit_heads WHERE organisation_id = NEW.organisation_id FOR UPDATE;
  NEW.at := clock_timestamp();
  NEW.seq := head.seq + 1;
  NEW.previous_hash := head.hash;
  NEW.hash := audit_hash(NEW);
  UPDATE audit_heads SET seq = NEW.seq, hash = NEW.hash WHERE organisation_id = NEW.organisation_id;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append only: % of % is refused', TG_OP, TG_TABLE_NAME;
END $$;
--> statement-breakpoint
CREATE TRIGGER audit_events_append BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_append();
--> statement-breakpoint
CREATE TRIGGER audit_events_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
--> statement-breakpoint
-- Heads move only when an event is appended, which is a trigger above this one.
CREATE TRIGGER audit_heads_refuse BEFORE INSERT OR UPDATE ON audit_heads
  FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit_refuse();
--> statement-breakpoint
CREATE TRIGGER audit_heads_keep BEFORE DELETE OR TRUNCATE ON audit_heads
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
