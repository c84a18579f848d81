-- Bots of chat platforms, and who talks with them where.

CREATE TABLE bot (
  name TEXT COLLATE "C" PRIMARY KEY,
  platform TEXT COLLATE "C" NOT NULL,
  base_url TEXT COLLATE "C" NOT NULL,
  token BYTEA NOT NULL,
  account_id TEXT COLLATE "C" NOT NULL,
  account_name TEXT COLLATE "C" NOT NULL,
  pairing_link TEXT COLLATE "C",
  place TEXT COLLATE "C",
  problem TEXT COLLATE "C",
  heard_at BIGINT,
  created_at BIGINT NOT NULL
);
-- One token is one bot: a second one would take its updates from the first.
CREATE UNIQUE INDEX bot_account ON bot (platform, account_id);

CREATE TABLE conversation (
  id TEXT COLLATE "C" PRIMARY KEY,
  bot TEXT COLLATE "C" NOT NULL,
  identity TEXT COLLATE "C",
  session_id TEXT COLLATE "C",
  created_at BIGINT NOT NULL
);
CREATE INDEX conversation_identity ON conversation (identity) WHERE identity IS NOT NULL;
CREATE INDEX conversation_bot ON conversation (bot);

CREATE TABLE chat_user (
  identity TEXT COLLATE "C" PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL,
  session_id TEXT COLLATE "C"
);

-- Messages of a platform that stand for something here: an event that came in, an answer that went out, a prompt. `shown` is the
-- state that people were shown last; a row that will show nothing more has live = 0.
CREATE TABLE chat_message (
  conversation TEXT COLLATE "C" NOT NULL,
  message_id TEXT COLLATE "C" NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  event_id BIGINT,
  request_id BIGINT,
  shown TEXT COLLATE "C" NOT NULL,
  live INTEGER NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (conversation, message_id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX chat_message_event ON chat_message (conversation, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX chat_message_live ON chat_message (session_id) WHERE live = 1 AND at > 0;
CREATE INDEX chat_message_age ON chat_message (at);

CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  bot TEXT COLLATE "C" NOT NULL,
  conversation TEXT COLLATE "C" NOT NULL,
  lane INTEGER NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  target TEXT COLLATE "C",
  session_id TEXT COLLATE "C",
  identity TEXT COLLATE "C",
  request_id BIGINT,
  parts_sent INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C",
  due_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  sent_at BIGINT
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_waiting ON outbox (bot, lane, id) WHERE state = 'queued' AND lane >= 0;
-- What is first in its conversation and lane.
CREATE INDEX outbox_order ON outbox (conversation, lane, id) WHERE state = 'queued' AND lane >= 0;
CREATE INDEX outbox_age ON outbox (created_at);

CREATE TABLE pairing (
  handle TEXT COLLATE "C" PRIMARY KEY,
  secret_hash TEXT COLLATE "C" NOT NULL,
  principal TEXT COLLATE "C" NOT NULL,
  failed INTEGER NOT NULL,
  expires_at BIGINT NOT NULL,
  identity TEXT COLLATE "C",
  name TEXT COLLATE "C"
);

-- Wrong guesses of pairing codes and of permission ids, by who guessed.
CREATE TABLE guess (
  identity TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  failed INTEGER NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (identity, kind)
);

CREATE INDEX permission_request_name ON permission_request (request_id, id);
