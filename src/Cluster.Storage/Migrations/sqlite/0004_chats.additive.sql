-- Bots of chat platforms, and who talks with them where.

CREATE TABLE bot (
  name TEXT PRIMARY KEY,
  platform TEXT NOT NULL,
  base_url TEXT NOT NULL,
  token BLOB NOT NULL,
  account_id TEXT NOT NULL,
  account_name TEXT NOT NULL,
  pairing_link TEXT,
  place TEXT,
  problem TEXT,
  heard_at BIGINT,
  created_at BIGINT NOT NULL
) WITHOUT ROWID;
-- One token is one bot: a second one would take its updates from the first.
CREATE UNIQUE INDEX bot_account ON bot (platform, account_id);

CREATE TABLE conversation (
  id TEXT PRIMARY KEY,
  bot TEXT NOT NULL,
  identity TEXT,
  session_id TEXT,
  created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX conversation_identity ON conversation (identity) WHERE identity IS NOT NULL;
CREATE INDEX conversation_bot ON conversation (bot);

CREATE TABLE chat_user (
  identity TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  session_id TEXT
) WITHOUT ROWID;

-- Messages of a platform that stand for something here: an event that came in, an answer that went out, a prompt. `shown` is the
-- state that people were shown last; a row that will show nothing more has live = 0.
CREATE TABLE chat_message (
  conversation TEXT NOT NULL,
  message_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  event_id BIGINT,
  request_id BIGINT,
  shown TEXT NOT NULL,
  live INTEGER NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (conversation, message_id)
) WITHOUT ROWID;
CREATE INDEX chat_message_event ON chat_message (conversation, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX chat_message_live ON chat_message (session_id) WHERE live = 1;
CREATE INDEX chat_message_age ON chat_message (at);

CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  bot TEXT NOT NULL,
  conversation TEXT NOT NULL,
  lane INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body BLOB NOT NULL,
  target TEXT,
  session_id TEXT,
  identity TEXT,
  request_id BIGINT,
  parts_sent INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  due_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  sent_at BIGINT
);
CREATE INDEX outbox_waiting ON outbox (bot, lane, id) WHERE state = 'queued' AND lane >= 0;
-- What is first in its conversation and lane.
CREATE INDEX outbox_order ON outbox (conversation, lane, id) WHERE state = 'queued' AND lane >= 0;
CREATE INDEX outbox_age ON outbox (created_at);

CREATE TABLE pairing (
  handle TEXT PRIMARY KEY,
  secret_hash TEXT NOT NULL,
  principal TEXT NOT NULL,
  failed INTEGER NOT NULL,
  expires_at BIGINT NOT NULL,
  identity TEXT,
  name TEXT
) WITHOUT ROWID;

-- Wrong guesses of pairing codes and of permission ids, by who guessed.
CREATE TABLE guess (
  identity TEXT NOT NULL,
  kind TEXT NOT NULL,
  failed INTEGER NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (identity, kind)
) WITHOUT ROWID;

CREATE INDEX permission_request_name ON permission_request (request_id, id);
