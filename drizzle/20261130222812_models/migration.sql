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
ALTER TABLE "model_aliases" ADD CONSTRAINT "model_aliases_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "model_lifecycles" ADD CONSTRAINT "model_lifecycles_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");