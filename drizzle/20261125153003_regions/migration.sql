ALTER TABLE "api_keys" ADD COLUMN "regions" jsonb DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE "organisations" ADD COLUMN "regions" jsonb DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE "teams" ADD COLUMN "regions" jsonb DEFAULT '[]' NOT NULL;