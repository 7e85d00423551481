CREATE TABLE "completion_metrics" (
	"completion_id" text,
	"rater_id" text,
	"name" text,
	"value" double precision NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "completion_metrics_pkey" PRIMARY KEY("completion_id","rater_id","name")
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
ALTER TABLE "completions" ADD COLUMN "trial_id" text;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "trial_arm" text;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "trial_counted" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "completions_to_count" ON "completions" ("trial_id","id") WHERE trial_id is not null and not trial_counted;--> statement-breakpoint
CREATE UNIQUE INDEX "trials_current" ON "trials" ("subject_id") WHERE superseded_at is null;