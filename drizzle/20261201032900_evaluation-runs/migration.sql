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
ALTER TABLE "evaluations" ADD COLUMN "budget_id" text NOT NULL;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "sample" integer;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "starter" jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "cancelled_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "started_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "evaluations" DROP COLUMN "cost_nanos";--> statement-breakpoint
ALTER TABLE "evaluations" ALTER COLUMN "budget_nanos" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "label_requirements" ADD CONSTRAINT "label_requirements_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");