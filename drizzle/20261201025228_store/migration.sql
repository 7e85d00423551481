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
ALTER TABLE "usage_series" ADD COLUMN "prompt" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "prompt_versions" ALTER COLUMN "spec" SET DATA TYPE json USING "spec"::json;--> statement-breakpoint
DROP INDEX "usage_series_once";--> statement-breakpoint
CREATE UNIQUE INDEX "usage_series_once" ON "usage_series" ("organisation_id","by_key","team_id","key_id","provider","model","status","origin","prompt");--> statement-breakpoint
CREATE INDEX "prompt_label_requests_by_organisation" ON "prompt_label_requests" ("organisation_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "prompt_label_requests_once" ON "prompt_label_requests" ("prompt_id","label") WHERE status = 'PENDING';--> statement-breakpoint
CREATE UNIQUE INDEX "prompt_partials_once" ON "prompt_partials" ("organisation_id","name");--> statement-breakpoint
ALTER TABLE "prompt_label_requests" ADD CONSTRAINT "prompt_label_requests_prompt_id_prompts_id_fkey" FOREIGN KEY ("prompt_id") REFERENCES "prompts"("id");--> statement-breakpoint
ALTER TABLE "prompt_partial_versions" ADD CONSTRAINT "prompt_partial_versions_partial_id_prompt_partials_id_fkey" FOREIGN KEY ("partial_id") REFERENCES "prompt_partials"("id");--> statement-breakpoint
ALTER TABLE "prompt_partials" ADD CONSTRAINT "prompt_partials_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");