CREATE TABLE "dataset_cases" (
	"id" text PRIMARY KEY,
	"dataset_id" text NOT NULL,
	"organisation_id" text NOT NULL,
	"from_version" integer NOT NULL,
	"until_version" integer,
	"name" text,
	"variables" jsonb NOT NULL,
	"expected" jsonb,
	"source" text NOT NULL,
	"completion_id" text,
	"missing" jsonb NOT NULL,
	"content_hash" text NOT NULL,
	"bytes" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "datasets" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"version" integer NOT NULL,
	"case_count" integer NOT NULL,
	"bytes" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "evaluation_results" (
	"evaluation_id" text,
	"case_id" text,
	"organisation_id" text NOT NULL,
	"completion_id" text,
	"text" text,
	"object" jsonb,
	"graded" jsonb NOT NULL,
	"passed" boolean NOT NULL,
	"error" text,
	"latency_ms" integer NOT NULL,
	"cost_nanos" bigint,
	CONSTRAINT "evaluation_results_pkey" PRIMARY KEY("evaluation_id","case_id")
);
--> statement-breakpoint
CREATE TABLE "evaluations" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text NOT NULL,
	"prompt_id" text NOT NULL,
	"prompt_version" integer NOT NULL,
	"dataset_id" text NOT NULL,
	"dataset_version" integer NOT NULL,
	"graders" jsonb NOT NULL,
	"model" text,
	"budget_id" text NOT NULL,
	"budget_nanos" bigint NOT NULL,
	"sample" integer,
	"concurrency" integer NOT NULL,
	"passing_rate" double precision NOT NULL,
	"status" text NOT NULL,
	"stop_reason" text,
	"stop_message" text,
	"total" integer NOT NULL,
	"passed" integer DEFAULT 0 NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	"errors" integer DEFAULT 0 NOT NULL,
	"started_by" text NOT NULL,
	"starter" jsonb NOT NULL,
	"instance_id" text,
	"lease_until" timestamp with time zone,
	"cancelled_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "label_requirements" (
	"organisation_id" text,
	"label" text,
	"prompt_id" text,
	"dataset_id" text,
	"min_pass_rate" double precision NOT NULL,
	"graders" jsonb,
	"set_by" text NOT NULL,
	"set_at" timestamp with time zone NOT NULL,
	CONSTRAINT "label_requirements_pkey" PRIMARY KEY("organisation_id","label","prompt_id")
);
--> statement-breakpoint
CREATE TABLE "prompt_recordings" (
	"completion_id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"prompt_id" text NOT NULL,
	"variables" jsonb NOT NULL,
	"withheld" jsonb NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "prompt_label_requests" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"prompt_id" text NOT NULL,
	"label" text NOT NULL,
	"version" integer,
	"requester_id" text NOT NULL,
	"note" text,
	"status" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"lapses_at" timestamp with time zone NOT NULL,
	"decider_id" text,
	"decided_at" timestamp with time zone,
	"decision_note" text
);
--> statement-breakpoint
CREATE TABLE "prompt_labels" (
	"prompt_id" text,
	"name" text,
	"organisation_id" text NOT NULL,
	"version" integer NOT NULL,
	"set_by" text NOT NULL,
	"set_at" timestamp with time zone NOT NULL,
	CONSTRAINT "prompt_labels_pkey" PRIMARY KEY("prompt_id","name")
);
--> statement-breakpoint
CREATE TABLE "prompt_partial_versions" (
	"partial_id" text,
	"number" integer,
	"template" text NOT NULL,
	"note" text,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "prompt_partial_versions_pkey" PRIMARY KEY("partial_id","number")
);
--> statement-breakpoint
CREATE TABLE "prompt_partials" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "prompt_protected_labels" (
	"organisation_id" text,
	"name" text,
	CONSTRAINT "prompt_protected_labels_pkey" PRIMARY KEY("organisation_id","name")
);
--> statement-breakpoint
CREATE TABLE "prompt_versions" (
	"id" text PRIMARY KEY,
	"prompt_id" text NOT NULL,
	"number" integer NOT NULL,
	"organisation_id" text NOT NULL,
	"spec" json NOT NULL,
	"note" text,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "prompts" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"slug" text NOT NULL,
	"folder" text NOT NULL,
	"description" text,
	"version" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"archived_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "prompt_id" text;--> statement-breakpoint
ALTER TABLE "completions" ADD COLUMN "prompt_version_id" text;--> statement-breakpoint
ALTER TABLE "organisations" ADD COLUMN "record_prompts_days" integer;--> statement-breakpoint
ALTER TABLE "usage_series" ADD COLUMN "prompt" text DEFAULT '' NOT NULL;--> statement-breakpoint
DROP INDEX "usage_series_once";--> statement-breakpoint
CREATE UNIQUE INDEX "usage_series_once" ON "usage_series" ("organisation_id","by_key","team_id","key_id","provider","model","status","origin","prompt");--> statement-breakpoint
CREATE INDEX "completions_of_prompt" ON "completions" ("prompt_id","id") WHERE prompt_id is not null;--> statement-breakpoint
CREATE INDEX "dataset_cases_of" ON "dataset_cases" ("dataset_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "datasets_once" ON "datasets" ("organisation_id","name") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "evaluations_by_organisation" ON "evaluations" ("organisation_id","id");--> statement-breakpoint
CREATE INDEX "evaluations_of_prompt" ON "evaluations" ("prompt_id","prompt_version","id");--> statement-breakpoint
CREATE INDEX "evaluations_open" ON "evaluations" ("lease_until") WHERE status in ('QUEUED', 'RUNNING');--> statement-breakpoint
CREATE INDEX "evaluations_of_dataset" ON "evaluations" ("dataset_id","dataset_version");--> statement-breakpoint
CREATE INDEX "prompt_recordings_of_prompt" ON "prompt_recordings" ("organisation_id","prompt_id","completion_id");--> statement-breakpoint
CREATE INDEX "prompt_recordings_by_age" ON "prompt_recordings" ("organisation_id","created_at");--> statement-breakpoint
CREATE INDEX "prompt_label_requests_by_organisation" ON "prompt_label_requests" ("organisation_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "prompt_label_requests_once" ON "prompt_label_requests" ("prompt_id","label") WHERE status = 'PENDING';--> statement-breakpoint
CREATE INDEX "prompt_labels_by_organisation" ON "prompt_labels" ("organisation_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "prompt_partials_once" ON "prompt_partials" ("organisation_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "prompt_versions_once" ON "prompt_versions" ("prompt_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "prompts_once" ON "prompts" ("organisation_id","slug");--> statement-breakpoint
ALTER TABLE "dataset_cases" ADD CONSTRAINT "dataset_cases_dataset_id_datasets_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "datasets"("id");--> statement-breakpoint
ALTER TABLE "datasets" ADD CONSTRAINT "datasets_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "evaluation_results" ADD CONSTRAINT "evaluation_results_evaluation_id_evaluations_id_fkey" FOREIGN KEY ("evaluation_id") REFERENCES "evaluations"("id");--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "label_requirements" ADD CONSTRAINT "label_requirements_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "prompt_label_requests" ADD CONSTRAINT "prompt_label_requests_prompt_id_prompts_id_fkey" FOREIGN KEY ("prompt_id") REFERENCES "prompts"("id");--> statement-breakpoint
ALTER TABLE "prompt_labels" ADD CONSTRAINT "prompt_labels_prompt_id_prompts_id_fkey" FOREIGN KEY ("prompt_id") REFERENCES "prompts"("id");--> statement-breakpoint
ALTER TABLE "prompt_partial_versions" ADD CONSTRAINT "prompt_partial_versions_partial_id_prompt_partials_id_fkey" FOREIGN KEY ("partial_id") REFERENCES "prompt_partials"("id");--> statement-breakpoint
ALTER TABLE "prompt_partials" ADD CONSTRAINT "prompt_partials_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "prompt_versions" ADD CONSTRAINT "prompt_versions_prompt_id_prompts_id_fkey" FOREIGN KEY ("prompt_id") REFERENCES "prompts"("id");--> statement-breakpoint
ALTER TABLE "prompts" ADD CONSTRAINT "prompts_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");