-- A person's routes by rule, as JSON in their order. Version grows with every change.
CREATE TABLE route_table (
  owner TEXT COLLATE "C" PRIMARY KEY,
  version BIGINT NOT NULL,
  routes TEXT COLLATE "C" NOT NULL
);

-- Which sources may put events into which sessions by those routes, beside each source's own session in `route`; the owner is that of
-- the routes and must be the source's.
CREATE TABLE route_reach (
  source TEXT COLLATE "C" NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (source, session_id)
);
CREATE INDEX route_reach_session ON route_reach (session_id);
CREATE INDEX route_reach_owner ON route_reach (owner);

-- The route that took a webhook's event; null for the source's own session and for everything else.
ALTER TABLE event ADD COLUMN route TEXT COLLATE "C";
