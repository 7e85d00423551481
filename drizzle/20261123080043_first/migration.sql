CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text NOT NULL,
	"name" text NOT NULL,
	"hint" text NOT NULL,
	"secret_hash" text NOT NULL,
	"previous_secret_hash" text,
	"previous_expires_at" timestamp with time zone,
	"scopes" jsonb NOT NULL,
	"models" jsonb NOT NULL,
	"expires_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "completions" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text NOT NULL,
	"key_id" text NOT NULL,
	"idempotency_key" text,
	"ask_hash" text NOT NULL,
	"requested_model" text NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"tags" jsonb NOT NULL,
	"end_user_id" text,
	"trace_id" text NOT NULL,
	"status" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"hold_state" text NOT NULL,
	"held_nanos" bigint,
	"hold_expires_at" timestamp with time zone NOT NULL,
	"instance_id" text NOT NULL,
	"estimated_input_tokens" integer NOT NULL,
	"seen_output_tokens" integer DEFAULT 0 NOT NULL,
	"finish_reason" text,
	"input_tokens" bigint,
	"output_tokens" bigint,
	"cache_read_tokens" bigint,
	"cache_write_tokens" bigint,
	"reasoning_tokens" bigint,
	"usage_source" text,
	"price" jsonb,
	"cost_nanos" bigint,
	"total_ms" integer,
	"first_token_ms" integer,
	"outcome" jsonb
);
--> statement-breakpoint
CREATE TABLE "ledger_accounts" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"balance_nanos" bigint NOT NULL,
	"version" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"id" bigserial PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text NOT NULL,
	"key_id" text,
	"completion_id" text,
	"kind" text NOT NULL,
	"amount_nanos" bigint,
	"debit_account" text NOT NULL,
	"debit_before" bigint NOT NULL,
	"debit_after" bigint NOT NULL,
	"debit_version" bigint NOT NULL,
	"credit_account" text NOT NULL,
	"credit_before" bigint NOT NULL,
	"credit_after" bigint NOT NULL,
	"credit_version" bigint NOT NULL,
	"note" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"seq" bigserial PRIMARY KEY,
	"transaction" xid8 DEFAULT pg_current_xact_id() NOT NULL,
	"organisation_id" text NOT NULL,
	"kind" text NOT NULL,
	"subject_id" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"name" text PRIMARY KEY,
	"value" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "organisations" (
	"id" text PRIMARY KEY,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "teams" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_secret_hash_index" ON "api_keys" ("secret_hash");--> statement-breakpoint
CREATE INDEX "api_keys_previous_secret_hash_index" ON "api_keys" ("previous_secret_hash");--> statement-breakpoint
CREATE INDEX "api_keys_organisation_id_team_id_index" ON "api_keys" ("organisation_id","team_id");--> statement-breakpoint
CREATE UNIQUE INDEX "completions_idempotency" ON "completions" ("key_id","idempotency_key") WHERE idempotency_key is not null;--> statement-breakpoint
CREATE INDEX "completions_by_team" ON "completions" ("organisation_id","team_id","id");--> statement-breakpoint
CREATE INDEX "completions_finished" ON "completions" ("organisation_id","finished_at");--> statement-breakpoint
CREATE INDEX "completions_pending" ON "completions" ("hold_expires_at") WHERE hold_state = 'PENDING';--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_entries_once" ON "ledger_entries" ("completion_id","kind") WHERE kind in ('RESERVE', 'RELEASE', 'SETTLE');--> statement-breakpoint
CREATE INDEX "ledger_entries_by_team" ON "ledger_entries" ("organisation_id","team_id","id");--> statement-breakpoint
CREATE INDEX "outbox_order" ON "outbox" ("transaction","seq");--> statement-breakpoint
CREATE INDEX "teams_organisation_id_index" ON "teams" ("organisation_id");--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_team_id_teams_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id");--> statement-breakpoint
ALTER TABLE "teams" ADD CONSTRAINT "teams_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");