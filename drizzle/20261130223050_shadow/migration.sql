CREATE TABLE "model_probes" (
	"model" text PRIMARY KEY,
	"claimed_until" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"kind" text,
	"latency_ms" integer
);
--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "origin" text DEFAULT 'CALLER' NOT NULL;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "shadow_of" text;--> statement-breakpoint
ALTER TABLE "usage_series" ADD COLUMN "origin" text DEFAULT 'CALLER' NOT NULL;--> statement-breakpoint
DROP INDEX "usage_series_once";--> statement-breakpoint
CREATE UNIQUE INDEX "usage_series_once" ON "usage_series" ("organisation_id","by_key","team_id","key_id","provider","model","status","origin");--> statement-breakpoint
CREATE INDEX "completions_shadows" ON "completions" ("shadow_of") WHERE shadow_of is not null;