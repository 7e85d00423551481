CREATE TABLE "alerts" (
	"id" bigserial PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text,
	"key_id" text,
	"kind" text NOT NULL,
	"about" text NOT NULL,
	"budget_id" text,
	"detail" jsonb NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"dispatched" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"alert_id" bigint,
	"webhook" text,
	"attempts" integer NOT NULL,
	"next_at" timestamp with time zone,
	"delivered_at" timestamp with time zone,
	"last_error" text,
	CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY("alert_id","webhook")
);
--> statement-breakpoint
CREATE TABLE "audit_events" (
	"id" bigserial PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor_key_id" text NOT NULL,
	"action" text NOT NULL,
	"target_id" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	"request_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "budget_windows" (
	"id" bigserial PRIMARY KEY,
	"budget_id" text NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone,
	"limit_amount" bigint NOT NULL,
	"settled" bigint DEFAULT 0 NOT NULL,
	"held" bigint DEFAULT 0 NOT NULL,
	"exceeded" bigint DEFAULT 0 NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "budgets" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text,
	"scope" text NOT NULL,
	"subject_id" text NOT NULL,
	"subject" text NOT NULL,
	"name" text,
	"unit" text NOT NULL,
	"limit_amount" bigint NOT NULL,
	"window" text NOT NULL,
	"time_zone" text NOT NULL,
	"start_day" integer NOT NULL,
	"on_exceed" text NOT NULL,
	"fallback_model" text,
	"queue_ms" integer NOT NULL,
	"shadow" boolean NOT NULL,
	"allow_unpriced" boolean NOT NULL,
	"thresholds" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ends_at" timestamp with time zone,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "ledger_correction_keys" (
	"key_id" text,
	"idempotency_key" text,
	"correction_hash" text NOT NULL,
	"entry_id" bigint,
	CONSTRAINT "ledger_correction_keys_pkey" PRIMARY KEY("key_id","idempotency_key")
);
--> statement-breakpoint
CREATE TABLE "price_lists" (
	"id" bigserial PRIMARY KEY,
	"source" text NOT NULL,
	"sha256" text NOT NULL,
	"document" jsonb NOT NULL,
	"loaded_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "prices" (
	"id" text PRIMARY KEY,
	"organisation_id" text,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"rates" jsonb,
	"source" text NOT NULL,
	"effective_from" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "usage_progress" (
	"id" integer PRIMARY KEY,
	"server" text NOT NULL,
	"transaction" xid8 NOT NULL,
	"seq" bigint NOT NULL,
	"backfilled_to" text,
	"trimmed_transaction" xid8 NOT NULL,
	"trimmed_seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "usage_rollups" (
	"series_id" integer,
	"grain_s" integer,
	"starts_at" timestamp with time zone,
	"requests" bigint NOT NULL,
	"cache_hits" bigint NOT NULL,
	"unpriced" bigint NOT NULL,
	"input_tokens" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"cache_read_tokens" bigint NOT NULL,
	"cache_write_tokens" bigint NOT NULL,
	"reasoning_tokens" bigint NOT NULL,
	"cost_nanos" bigint NOT NULL,
	"first_token_steps" bigint[] NOT NULL,
	"latency_steps" bigint[] NOT NULL,
	CONSTRAINT "usage_rollups_pkey" PRIMARY KEY("series_id","grain_s","starts_at")
);
--> statement-breakpoint
CREATE TABLE "usage_series" (
	"id" serial PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"by_key" boolean NOT NULL,
	"team_id" text NOT NULL,
	"key_id" text NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"status" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "budget_holds" jsonb;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "price_id" text;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD COLUMN "price_id" text;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD COLUMN "actor_key_id" text;--> statement-breakpoint
ALTER TABLE "completions" DROP COLUMN "price";--> statement-breakpoint
CREATE UNIQUE INDEX "alerts_once" ON "alerts" ("about");--> statement-breakpoint
CREATE INDEX "alerts_by_organisation" ON "alerts" ("organisation_id","id");--> statement-breakpoint
CREATE INDEX "alerts_to_dispatch" ON "alerts" ("id") WHERE not dispatched;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" ("webhook","next_at");--> statement-breakpoint
CREATE INDEX "audit_events_by_organisation" ON "audit_events" ("organisation_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "budget_windows_once" ON "budget_windows" ("budget_id","starts_at");--> statement-breakpoint
CREATE INDEX "budgets_by_subject" ON "budgets" ("organisation_id","subject") WHERE deleted_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "budgets_once" ON "budgets" ("organisation_id","subject","unit","window") WHERE deleted_at is null and ends_at is null;--> statement-breakpoint
CREATE INDEX "ledger_entries_corrections" ON "ledger_entries" ("completion_id") WHERE kind in ('ADJUST', 'CREDIT');--> statement-breakpoint
CREATE INDEX "ledger_entries_corrected" ON "ledger_entries" ("organisation_id","created_at") WHERE kind in ('ADJUST', 'CREDIT');--> statement-breakpoint
CREATE UNIQUE INDEX "price_lists_once" ON "price_lists" ("sha256");--> statement-breakpoint
CREATE INDEX "prices_by_model" ON "prices" ("organisation_id","model","effective_from");--> statement-breakpoint
CREATE UNIQUE INDEX "usage_series_once" ON "usage_series" ("organisation_id","by_key","team_id","key_id","provider","model","status");