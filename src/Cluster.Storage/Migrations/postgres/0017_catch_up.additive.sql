-- Where a source's sender is asked for deliveries that failed. The path is the source's: one that was made again begins without. The hook is
-- null where it is found by its address. Attempts before `since` are done with; a list that is longer than a round reads goes on at `next_page`,
-- and began at `listing`.
CREATE TABLE source_catch_up (
  source TEXT COLLATE "C" PRIMARY KEY,
  path TEXT COLLATE "C" NOT NULL,
  api TEXT COLLATE "C" NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  hook BIGINT,
  token BYTEA NOT NULL,
  since BIGINT NOT NULL,
  next_page TEXT COLLATE "C",
  listing BIGINT,
  next_at BIGINT NOT NULL,
  blocked_until BIGINT NOT NULL,
  asked_at BIGINT,
  failures BIGINT NOT NULL,
  problem TEXT COLLATE "C"
);

-- Deliveries that failed: which attempt is to be repeated, how often it was, and when next.
CREATE TABLE source_redelivery (
  source TEXT COLLATE "C" NOT NULL,
  delivery TEXT COLLATE "C" NOT NULL,
  attempt BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  asked BIGINT NOT NULL,
  due BIGINT NOT NULL,
  given_up BIGINT NOT NULL,
  PRIMARY KEY (source, delivery)
);
