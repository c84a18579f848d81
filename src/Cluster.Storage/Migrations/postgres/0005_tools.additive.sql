-- What a session's tools do in chats. call_id is one tool call: what of the outbox came of it, and, where it was an answer, the
-- answer's own id.
ALTER TABLE outbox ADD COLUMN call_id BIGINT;
ALTER TABLE outbox ADD COLUMN uploads TEXT COLLATE "C";
CREATE INDEX outbox_call ON outbox (call_id) WHERE call_id IS NOT NULL;

ALTER TABLE tool_call ADD COLUMN call_id BIGINT;

-- The answer that a message of a bot shows; file = 1 where it shows files of it and not its text.
ALTER TABLE chat_message ADD COLUMN reply_id BIGINT;
ALTER TABLE chat_message ADD COLUMN file INTEGER;
CREATE INDEX chat_message_reply ON chat_message (conversation, reply_id) WHERE reply_id IS NOT NULL;

-- Files on their way out of a session, in pieces that are written in turns of their own. call_id is the answer that sends them.
CREATE TABLE upload (
  id TEXT COLLATE "C" PRIMARY KEY,
  session_id TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  media_type TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  complete INTEGER NOT NULL,
  call_id BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX upload_session ON upload (session_id);
CREATE INDEX upload_age ON upload (created_at);

CREATE TABLE upload_chunk (
  upload_id TEXT COLLATE "C" NOT NULL,
  place INTEGER NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (upload_id, place)
);
