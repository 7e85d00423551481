CREATE TABLE "ratings" (
	"completion_id" text,
	"rater_id" text,
	"score" double precision NOT NULL,
	"comment" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ratings_pkey" PRIMARY KEY("completion_id","rater_id")
);
