-- Times are Unix milliseconds. Ids of events, replies and permission requests come from one sequence.
-- Wide rows are rowid tables, which take new rows at their end; narrow ones with a key of their own are WITHOUT ROWID.

CREATE TABLE sequence (value BIGINT NOT NULL);
INSERT INTO sequence (value) VALUES (0);

CREATE TABLE principal (
  name TEXT PRIMARY KEY,
  admin INTEGER NOT NULL,
  created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE identity (
  id TEXT PRIMARY KEY,
  principal TEXT NOT NULL REFERENCES principal (name)
) WITHOUT ROWID;
CREATE INDEX identity_principal ON identity (principal);

CREATE TABLE invitation (
  code_hash TEXT PRIMARY KEY,
  principal TEXT NOT NULL,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;

-- A page login is a token of kind 'page' whose parent is the token that asked for its code: revoking the parent revokes it.
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  principal TEXT NOT NULL,
  kind TEXT NOT NULL,
  parent TEXT,
  label TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
) WITHOUT ROWID;
CREATE INDEX token_principal ON token (principal);
CREATE INDEX token_parent ON token (parent) WHERE parent IS NOT NULL;

CREATE TABLE page_code (
  code_hash TEXT PRIMARY KEY,
  token_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  last_call_at BIGINT
) WITHOUT ROWID;
CREATE INDEX session_owner ON session (owner);

-- The allowlist's version has a row of its own, which only access changes update.
CREATE TABLE access (
  session_id TEXT PRIMARY KEY,
  version BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE access_entry (
  session_id TEXT NOT NULL,
  identity TEXT NOT NULL,
  role TEXT NOT NULL,
  granted_by TEXT NOT NULL,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY (session_id, identity, role)
) WITHOUT ROWID;
CREATE INDEX access_entry_identity ON access_entry (identity);

CREATE TABLE source (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  path TEXT NOT NULL UNIQUE,
  secret BLOB NOT NULL,
  created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE route (
  source TEXT NOT NULL,
  session_id TEXT NOT NULL,
  playbook TEXT NOT NULL,
  PRIMARY KEY (source, session_id)
) WITHOUT ROWID;
CREATE INDEX route_session ON route (session_id);

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  sender TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  trust TEXT NOT NULL,
  body BLOB NOT NULL,
  payload BLOB,
  created_at BIGINT NOT NULL
);

CREATE TABLE event_note (
  event_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  note TEXT NOT NULL
);
CREATE INDEX event_note_event ON event_note (event_id);

CREATE TABLE delivery (
  session_id TEXT NOT NULL,
  event_id BIGINT NOT NULL,
  chat_id TEXT NOT NULL,
  priority INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  epoch BIGINT,
  batch BIGINT,
  attempts INTEGER NOT NULL,
  queued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  sent_at BIGINT,
  received_at BIGINT,
  answered_at BIGINT,
  PRIMARY KEY (session_id, event_id)
) WITHOUT ROWID;
CREATE INDEX delivery_chat ON delivery (session_id, chat_id, event_id);
CREATE INDEX delivery_waiting ON delivery (session_id, priority, event_id) WHERE state IN ('queued', 'sent');
CREATE INDEX delivery_unconfirmed ON delivery (session_id, epoch, batch) WHERE state = 'sent';
CREATE INDEX delivery_expiry ON delivery (expires_at) WHERE state IN ('queued', 'sent');

CREATE TABLE dedupe (
  key TEXT PRIMARY KEY,
  event_id BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX dedupe_expiry ON dedupe (expires_at);

CREATE TABLE reply (
  id INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  reply_to BIGINT,
  body BLOB NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX reply_chat ON reply (session_id, chat_id, id);

CREATE TABLE mcp_session (
  id TEXT PRIMARY KEY,
  token_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  generation BIGINT NOT NULL,
  protocol_version TEXT NOT NULL,
  client TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  initialized_at BIGINT,
  seen_at BIGINT NOT NULL,
  stream TEXT,
  stream_closed_at BIGINT
) WITHOUT ROWID;
CREATE INDEX mcp_session_session ON mcp_session (session_id);
CREATE INDEX mcp_session_token ON mcp_session (token_id);

CREATE TABLE attachment (
  session_id TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  mcp_session TEXT NOT NULL,
  stream TEXT NOT NULL,
  attached_at BIGINT NOT NULL,
  PRIMARY KEY (session_id, epoch)
) WITHOUT ROWID;

CREATE TABLE tool_call (
  mcp_session TEXT NOT NULL,
  request_id TEXT NOT NULL,
  arguments_hash TEXT NOT NULL,
  result TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (mcp_session, request_id)
) WITHOUT ROWID;
CREATE INDEX tool_call_age ON tool_call (created_at);

CREATE TABLE permission_request (
  id INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL,
  mcp_session TEXT NOT NULL,
  request_id TEXT NOT NULL,
  tool_name TEXT NOT NULL,
  description TEXT NOT NULL,
  input_preview BLOB NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  behavior TEXT,
  decided_by TEXT,
  decided_at BIGINT,
  event_id BIGINT
);
CREATE INDEX permission_request_session ON permission_request (session_id, id);
CREATE INDEX permission_request_live ON permission_request (expires_at) WHERE state IN ('open', 'decided');
CREATE INDEX permission_request_event ON permission_request (event_id) WHERE event_id IS NOT NULL;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
);

CREATE TABLE data_key (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;
