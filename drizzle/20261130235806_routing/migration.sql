CREATE TABLE "model_probes" (
	"model" text PRIMARY KEY,
	"claimed_until" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "model_aliases" (
	"organisation_id" text,
	"alias" text,
	"model" text NOT NULL,
	CONSTRAINT "model_aliases_pkey" PRIMARY KEY("organisation_id","alias")
);
--> statement-breakpoint
CREATE TABLE "model_lifecycles" (
	"organisation_id" text,
	"model" text,
	"deprecated_at" timestamp with time zone,
	"sunset_at" timestamp with time zone,
	"replacement" text,
	"after_sunset" text NOT NULL,
	CONSTRAINT "model_lifecycles_pkey" PRIMARY KEY("organisation_id","model")
);
--> statement-breakpoint
CREATE TABLE "completion_metrics" (
	"completion_id" text,
	"rater_id" text,
	"name" text,
	"value" double precision NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "completion_metrics_pkey" PRIMARY KEY("completion_id","rater_id","name")
);
--> statement-breakpoint
CREATE TABLE "learned_arms" (
	"route_id" text,
	"learning" integer,
	"target" text,
	"success_count" double precision NOT NULL,
	"success_sum" double precision NOT NULL,
	"feedback_count" double precision NOT NULL,
	"feedback_sum" double precision NOT NULL,
	"cost_count" double precision NOT NULL,
	"cost_sum" double precision NOT NULL,
	"latency_count" double precision NOT NULL,
	"latency_sum" double precision NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "learned_arms_pkey" PRIMARY KEY("route_id","learning","target")
);
--> statement-breakpoint
CREATE TABLE "trial_sums" (
	"trial_id" text,
	"step" integer,
	"arm" text,
	"metric" text,
	"count" bigint NOT NULL,
	"sum" double precision NOT NULL,
	"sum_squares" double precision NOT NULL,
	CONSTRAINT "trial_sums_pkey" PRIMARY KEY("trial_id","step","arm","metric")
);
--> statement-breakpoint
CREATE TABLE "trials" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"subject_id" text NOT NULL,
	"subject_name" text NOT NULL,
	"kind" text NOT NULL,
	"spec" jsonb NOT NULL,
	"state" text NOT NULL,
	"step" integer NOT NULL,
	"step_started_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"verdict" jsonb,
	"superseded_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "origin" text DEFAULT 'CALLER' NOT NULL;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "shadow_of" text;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "facts" jsonb;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "trial_id" text;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "trial_arm" text;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "trial_counted" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "routes" ADD COLUMN "learning" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_series" ADD COLUMN "origin" text DEFAULT 'CALLER' NOT NULL;--> statement-breakpoint
DROP INDEX "usage_series_once";--> statement-breakpoint
CREATE UNIQUE INDEX "usage_series_once" ON "usage_series" ("organisation_id","by_key","team_id","key_id","provider","model","status","origin");--> statement-breakpoint
CREATE INDEX "completions_shadows" ON "completions" ("shadow_of") WHERE shadow_of is not null;--> statement-breakpoint
CREATE INDEX "completions_to_count" ON "completions" ("trial_id","id") WHERE trial_id is not null and not trial_counted;--> statement-breakpoint
CREATE INDEX "learned_arms_updated" ON "learned_arms" ("updated_at");--> statement-breakpoint
CREATE UNIQUE INDEX "trials_current" ON "trials" ("subject_id") WHERE superseded_at is null;--> statement-breakpoint
ALTER TABLE "model_aliases" ADD CONSTRAINT "model_aliases_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "model_lifecycles" ADD CONSTRAINT "model_lifecycles_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");