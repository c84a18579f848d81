-- Times are Unix milliseconds. Ids of events, replies and permission requests come from one sequence, uncached: what is asked for
-- later gets a higher id, on whatever node. Names and keys compare by their bytes. Tables whose rows change often leave room for
-- the next version of a row in its page and are vacuumed after few changes, so that what has been delivered costs nothing.

CREATE SEQUENCE ids;

CREATE TABLE principal (
  name TEXT COLLATE "C" PRIMARY KEY,
  admin INTEGER NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE identity (
  id TEXT COLLATE "C" PRIMARY KEY,
  principal TEXT COLLATE "C" NOT NULL REFERENCES principal (name)
);
CREATE INDEX identity_principal ON identity (principal);

CREATE TABLE invitation (
  code_hash TEXT COLLATE "C" PRIMARY KEY,
  principal TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT NOT NULL
);

-- A page login is a token of kind 'page' whose parent is the token that asked for its code: revoking the parent revokes it.
CREATE TABLE token (
  id TEXT COLLATE "C" PRIMARY KEY,
  hash TEXT COLLATE "C" NOT NULL UNIQUE,
  principal TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  parent TEXT COLLATE "C",
  label TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX token_principal ON token (principal);
CREATE INDEX token_parent ON token (parent) WHERE parent IS NOT NULL;

CREATE TABLE page_code (
  code_hash TEXT COLLATE "C" PRIMARY KEY,
  token_id TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE session (
  id TEXT COLLATE "C" PRIMARY KEY,
  owner TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  batch BIGINT NOT NULL,
  last_call_at BIGINT
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX session_owner ON session (owner);

-- The allowlist's version has a row of its own, which only access changes update.
CREATE TABLE access (
  session_id TEXT COLLATE "C" PRIMARY KEY,
  version BIGINT NOT NULL
);

CREATE TABLE access_entry (
  session_id TEXT COLLATE "C" NOT NULL,
  identity TEXT COLLATE "C" NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  granted_by TEXT COLLATE "C" NOT NULL,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY (session_id, identity, role)
);
CREATE INDEX access_entry_identity ON access_entry (identity);

CREATE TABLE source (
  name TEXT COLLATE "C" PRIMARY KEY,
  kind TEXT COLLATE "C" NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL UNIQUE,
  secret BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE route (
  source TEXT COLLATE "C" NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  playbook TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (source, session_id)
);
CREATE INDEX route_session ON route (session_id);

CREATE TABLE event (
  id BIGINT PRIMARY KEY,
  kind TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  sender TEXT COLLATE "C" NOT NULL,
  chat_id TEXT COLLATE "C" NOT NULL,
  trust TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  payload BYTEA,
  created_at BIGINT NOT NULL
);

CREATE TABLE event_note (
  event_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  note TEXT COLLATE "C" NOT NULL
);
CREATE INDEX event_note_event ON event_note (event_id);

CREATE TABLE delivery (
  session_id TEXT COLLATE "C" NOT NULL,
  event_id BIGINT NOT NULL,
  chat_id TEXT COLLATE "C" NOT NULL,
  priority INTEGER NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C",
  epoch BIGINT,
  batch BIGINT,
  attempts INTEGER NOT NULL,
  queued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  sent_at BIGINT,
  received_at BIGINT,
  answered_at BIGINT,
  PRIMARY KEY (session_id, event_id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX delivery_chat ON delivery (session_id, chat_id, event_id);
-- Rows soon leave these, so the planner is often told that they are empty, and would read one whole rather than find rows by key in
-- another. Each has a second condition, always true, and only statements that look by its key state it.
CREATE INDEX delivery_waiting ON delivery (session_id, priority, event_id) WHERE state IN ('queued', 'sent') AND priority >= 0;
CREATE INDEX delivery_unconfirmed ON delivery (session_id, epoch, batch) WHERE state = 'sent' AND epoch > 0;
CREATE INDEX delivery_expiry ON delivery (expires_at) WHERE state IN ('queued', 'sent') AND expires_at > 0;

CREATE TABLE dedupe (
  key TEXT COLLATE "C" PRIMARY KEY,
  event_id BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX dedupe_expiry ON dedupe (expires_at);

CREATE TABLE reply (
  id BIGINT PRIMARY KEY,
  session_id TEXT COLLATE "C" NOT NULL,
  chat_id TEXT COLLATE "C" NOT NULL,
  reply_to BIGINT,
  body BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX reply_chat ON reply (session_id, chat_id, id);

CREATE TABLE mcp_session (
  id TEXT COLLATE "C" PRIMARY KEY,
  token_id TEXT COLLATE "C" NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  generation BIGINT NOT NULL,
  protocol_version TEXT COLLATE "C" NOT NULL,
  client TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  initialized_at BIGINT,
  seen_at BIGINT NOT NULL,
  stream TEXT COLLATE "C",
  stream_closed_at BIGINT
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX mcp_session_session ON mcp_session (session_id);
CREATE INDEX mcp_session_token ON mcp_session (token_id);

CREATE TABLE attachment (
  session_id TEXT COLLATE "C" NOT NULL,
  epoch BIGINT NOT NULL,
  mcp_session TEXT COLLATE "C" NOT NULL,
  stream TEXT COLLATE "C" NOT NULL,
  attached_at BIGINT NOT NULL,
  PRIMARY KEY (session_id, epoch)
);

CREATE TABLE tool_call (
  mcp_session TEXT COLLATE "C" NOT NULL,
  request_id TEXT COLLATE "C" NOT NULL,
  arguments_hash TEXT COLLATE "C" NOT NULL,
  result TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (mcp_session, request_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX tool_call_age ON tool_call (created_at);

CREATE TABLE permission_request (
  id BIGINT PRIMARY KEY,
  session_id TEXT COLLATE "C" NOT NULL,
  mcp_session TEXT COLLATE "C" NOT NULL,
  request_id TEXT COLLATE "C" NOT NULL,
  tool_name TEXT COLLATE "C" NOT NULL,
  description TEXT COLLATE "C" NOT NULL,
  input_preview BYTEA NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C",
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  behavior TEXT COLLATE "C",
  decided_by TEXT COLLATE "C",
  decided_at BIGINT,
  event_id BIGINT
);
CREATE INDEX permission_request_session ON permission_request (session_id, id);
CREATE INDEX permission_request_live ON permission_request (expires_at) WHERE state IN ('open', 'decided');
CREATE INDEX permission_request_event ON permission_request (event_id) WHERE event_id IS NOT NULL;

CREATE TABLE audit (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  detail TEXT COLLATE "C" NOT NULL
);

CREATE TABLE data_key (
  name TEXT COLLATE "C" PRIMARY KEY,
  value BYTEA NOT NULL
);
