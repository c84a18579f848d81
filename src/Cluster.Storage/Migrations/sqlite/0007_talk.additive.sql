-- Quiet for who asks for it, buttons of the cluster's own words, and what people are told of what waits.

ALTER TABLE chat_user ADD COLUMN muted_until BIGINT;

ALTER TABLE outbox ADD COLUMN buttons TEXT;
-- An answer that its platform refused says why.
ALTER TABLE reply ADD COLUMN refused TEXT;

-- One line in a conversation for all its messages, from `first_event` on, that wait for one session. `item` is what brings it: -1 when
-- it did not come, and none comes until the session has run. `message_id` is the line itself, once it stands there.
CREATE TABLE waiting_line (
  conversation TEXT NOT NULL,
  session_id TEXT NOT NULL,
  first_event BIGINT NOT NULL,
  item BIGINT NOT NULL,
  message_id TEXT,
  shown TEXT NOT NULL,
  PRIMARY KEY (conversation, session_id)
) WITHOUT ROWID;
CREATE INDEX waiting_line_session ON waiting_line (session_id);
CREATE INDEX waiting_line_item ON waiting_line (item);
