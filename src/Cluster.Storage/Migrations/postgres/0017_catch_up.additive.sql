-- Where a source's sender is asked for deliveries that failed. The path is the source's: one that was made again begins without. The hook is
-- found by its address when it was not named. Deliveries before `since` are done with.
CREATE TABLE source_catch_up (
  source TEXT COLLATE "C" PRIMARY KEY,
  path TEXT COLLATE "C" NOT NULL,
  api TEXT COLLATE "C" NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  hook BIGINT,
  token BYTEA NOT NULL,
  since BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  blocked_until BIGINT NOT NULL,
  asked_at BIGINT,
  failures BIGINT NOT NULL,
  problem TEXT COLLATE "C"
);

-- How often a delivery was asked for again.
CREATE TABLE source_redelivery (
  source TEXT COLLATE "C" NOT NULL,
  delivery TEXT COLLATE "C" NOT NULL,
  asked BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (source, delivery)
);
