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
CREATE TABLE "prompt_versions" (
	"id" text PRIMARY KEY,
	"prompt_id" text NOT NULL,
	"number" integer NOT NULL,
	"organisation_id" text NOT NULL,
	"spec" jsonb NOT NULL,
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
CREATE INDEX "completions_of_prompt" ON "completions" ("prompt_id","id") WHERE prompt_id is not null;--> statement-breakpoint
CREATE INDEX "prompt_labels_by_organisation" ON "prompt_labels" ("organisation_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "prompt_versions_once" ON "prompt_versions" ("prompt_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "prompts_once" ON "prompts" ("organisation_id","slug");--> statement-breakpoint
ALTER TABLE "prompt_labels" ADD CONSTRAINT "prompt_labels_prompt_id_prompts_id_fkey" FOREIGN KEY ("prompt_id") REFERENCES "prompts"("id");--> statement-breakpoint
ALTER TABLE "prompt_versions" ADD CONSTRAINT "prompt_versions_prompt_id_prompts_id_fkey" FOREIGN KEY ("prompt_id") REFERENCES "prompts"("id");--> statement-breakpoint
ALTER TABLE "prompts" ADD CONSTRAINT "prompts_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");