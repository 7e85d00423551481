CREATE TABLE "learned_arms" (
	"organisation_id" text,
	"route" text,
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
	CONSTRAINT "learned_arms_pkey" PRIMARY KEY("organisation_id","route","learning","target")
);
--> statement-breakpoint
ALTER TABLE "routes" ADD COLUMN "learning" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "learned_arms_updated" ON "learned_arms" ("updated_at");