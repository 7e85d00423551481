CREATE TABLE "route_versions" (
	"route_id" text,
	"number" integer,
	"organisation_id" text NOT NULL,
	"spec" jsonb NOT NULL,
	"author_id" text NOT NULL,
	"note" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "route_versions_pkey" PRIMARY KEY("route_id","number")
);
--> statement-breakpoint
CREATE TABLE "routes" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE UNIQUE INDEX "routes_once" ON "routes" ("organisation_id","name");--> statement-breakpoint
ALTER TABLE "route_versions" ADD CONSTRAINT "route_versions_route_id_routes_id_fkey" FOREIGN KEY ("route_id") REFERENCES "routes"("id");--> statement-breakpoint
ALTER TABLE "routes" ADD CONSTRAINT "routes_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");