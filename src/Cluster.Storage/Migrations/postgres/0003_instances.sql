-- A further terminal of a project is a session that shares the allowlist of the first; instance is the connector process that was
-- given the name last.
ALTER TABLE session ADD COLUMN shares TEXT;
ALTER TABLE session ADD COLUMN instance TEXT;
ALTER TABLE mcp_session ADD COLUMN instance TEXT;
CREATE INDEX session_shares ON session (shares) WHERE shares IS NOT NULL;

-- How many steps a note has come from session to session; null for everything else.
ALTER TABLE delivery ADD COLUMN hops INTEGER;
CREATE INDEX delivery_hops ON delivery (session_id, sent_at) WHERE hops IS NOT NULL;
