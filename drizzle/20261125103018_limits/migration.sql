CREATE TABLE "rate_limits" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text,
	"scope" text NOT NULL,
	"subject_id" text NOT NULL,
	"unit" text NOT NULL,
	"max" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "rate_limits_once" ON "rate_limits" ("organisation_id","scope","subject_id","unit");