-- Nodes write that they live; whoever is silent for long is dead, and its streams are closed. A stream stands with the node that
-- serves it, so that wake-ups go there.

CREATE TABLE node (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  onlookers INTEGER NOT NULL
) WITHOUT ROWID;

-- A holder acts until expires_at, by the engine's clock; the epoch grows with every change of hands.
CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;

ALTER TABLE mcp_session ADD COLUMN node TEXT;
CREATE INDEX mcp_session_node ON mcp_session (node) WHERE stream IS NOT NULL;

-- Streams count their batches themselves.
ALTER TABLE session DROP COLUMN batch;
