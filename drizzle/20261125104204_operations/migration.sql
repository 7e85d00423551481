CREATE TABLE "operations" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"name" text NOT NULL,
	"hash" text NOT NULL,
	"text" text NOT NULL,
	"policy" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "publishable" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "operations_once" ON "operations" ("organisation_id","hash");--> statement-breakpoint
CREATE INDEX "operations_organisation_id_id_index" ON "operations" ("organisation_id","id");--> statement-breakpoint
ALTER TABLE "operations" ADD CONSTRAINT "operations_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");