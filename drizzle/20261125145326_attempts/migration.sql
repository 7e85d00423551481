ALTER TABLE "completions" ADD COLUMN "attempt" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "resting" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "earlier" jsonb;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "hedge" jsonb;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD COLUMN "attempt" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
DROP INDEX "ledger_entries_once";--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_entries_once" ON "ledger_entries" ("completion_id","kind","attempt") WHERE kind in ('RESERVE', 'RELEASE', 'SETTLE');--> statement-breakpoint
CREATE INDEX "completions_finished_later" ON "completions" ("organisation_id","finished_at") WHERE earlier is not null;