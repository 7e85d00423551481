CREATE TABLE "access_grants" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text NOT NULL,
	"holder_id" text NOT NULL,
	"request_id" text NOT NULL,
	"kind" text NOT NULL,
	"target_id" text NOT NULL,
	"amount" bigint,
	"unit" text,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "access_requests" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"team_id" text NOT NULL,
	"requester_id" text NOT NULL,
	"kind" text NOT NULL,
	"target_id" text NOT NULL,
	"amount" bigint,
	"unit" text,
	"reason" text NOT NULL,
	"until" timestamp with time zone,
	"status" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"lapses_at" timestamp with time zone NOT NULL,
	"decider_id" text,
	"decided_at" timestamp with time zone,
	"note" text
);
--> statement-breakpoint
CREATE TABLE "ask_first" (
	"organisation_id" text,
	"name" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ask_first_pkey" PRIMARY KEY("organisation_id","name")
);
--> statement-breakpoint
CREATE TABLE "audit_heads" (
	"organisation_id" text PRIMARY KEY,
	"seq" bigint NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
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
CREATE TABLE "members" (
	"organisation_id" text NOT NULL,
	"team_id" text,
	"user_id" text,
	"role" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "members_pkey" PRIMARY KEY("user_id","team_id")
);
--> statement-breakpoint
CREATE TABLE "roles" (
	"organisation_id" text,
	"name" text,
	"scopes" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "roles_pkey" PRIMARY KEY("organisation_id","name")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" text PRIMARY KEY,
	"organisation_id" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"name" text,
	"email" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp with time zone,
	"disabled_at" timestamp with time zone
);
--> statement-breakpoint
DROP INDEX "audit_events_by_organisation";--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "allowed_ips" jsonb DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "tags" jsonb DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "publishable" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "ip" text;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "previous_hash" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "hash" text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX "access_grants_by_holder" ON "access_grants" ("holder_id") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "access_grants_by_target" ON "access_grants" ("target_id") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "access_grants_due" ON "access_grants" ("expires_at") WHERE ended_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "access_grants_of_request" ON "access_grants" ("request_id");--> statement-breakpoint
CREATE INDEX "access_grants_by_organisation" ON "access_grants" ("organisation_id","id");--> statement-breakpoint
CREATE INDEX "access_requests_by_organisation" ON "access_requests" ("organisation_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "access_requests_once" ON "access_requests" ("organisation_id","team_id","requester_id","kind","target_id") WHERE status = 'PENDING';--> statement-breakpoint
CREATE INDEX "access_requests_by_requester" ON "access_requests" ("requester_id","created_at");--> statement-breakpoint
CREATE INDEX "access_requests_due" ON "access_requests" ("lapses_at") WHERE status = 'PENDING';--> statement-breakpoint
CREATE INDEX "audit_events_by_target" ON "audit_events" ("organisation_id","target_id");--> statement-breakpoint
CREATE UNIQUE INDEX "operations_once" ON "operations" ("organisation_id","hash");--> statement-breakpoint
CREATE INDEX "operations_organisation_id_id_index" ON "operations" ("organisation_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "rate_limits_once" ON "rate_limits" ("organisation_id","scope","subject_id","unit");--> statement-breakpoint
CREATE INDEX "members_organisation_id_team_id_index" ON "members" ("organisation_id","team_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_once" ON "users" ("organisation_id","issuer","subject");--> statement-breakpoint
CREATE INDEX "users_organisation_id_id_index" ON "users" ("organisation_id","id");--> statement-breakpoint
ALTER TABLE "operations" ADD CONSTRAINT "operations_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "members" ADD CONSTRAINT "members_team_id_teams_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id");--> statement-breakpoint
ALTER TABLE "members" ADD CONSTRAINT "members_user_id_users_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id");--> statement-breakpoint
ALTER TABLE "roles" ADD CONSTRAINT "roles_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_organisation_id_organisations_id_fkey" FOREIGN KEY ("organisation_id") REFERENCES "organisations"("id");