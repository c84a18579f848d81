-- A person's routes by rule, as JSON in their order. Version grows with every change.
CREATE TABLE route_table (
  owner TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  routes TEXT NOT NULL
) WITHOUT ROWID;

-- Which sources may put events into which sessions by those routes, beside each source's own session in `route`; the owner is that of
-- the routes and must be the source's.
CREATE TABLE route_reach (
  source TEXT NOT NULL,
  session_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (source, session_id)
) WITHOUT ROWID;
CREATE INDEX route_reach_session ON route_reach (session_id);
CREATE INDEX route_reach_owner ON route_reach (owner);

-- The route that took a webhook's event; null for the source's own session and for everything else.
ALTER TABLE event ADD COLUMN route TEXT;
