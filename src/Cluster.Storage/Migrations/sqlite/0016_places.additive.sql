-- Who besides a source's owner is listed on it. They count from when they accepted on. By the source's path, which no source after it has.
CREATE TABLE source_owner (
  path TEXT NOT NULL,
  principal TEXT NOT NULL,
  invited_at BIGINT NOT NULL,
  accepted_at BIGINT,
  PRIMARY KEY (path, principal)
) WITHOUT ROWID;
CREATE INDEX source_owner_principal ON source_owner (principal);
CREATE INDEX source_owned ON source (owner);

-- The sources for which a person's routes stand: those that there were when they were applied.
CREATE TABLE route_source (
  path TEXT PRIMARY KEY,
  owner TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX route_source_owner ON route_source (owner);
INSERT INTO route_source (path, owner)
  SELECT DISTINCT s.path, r.owner FROM route_reach r JOIN source s ON s.name = r.source AND s.owner = r.owner;

-- Where a session works, as its newest client says. The place is host and repository in lower case.
CREATE TABLE workplace (
  session_id TEXT PRIMARY KEY,
  place TEXT,
  repository TEXT,
  branch TEXT,
  folder TEXT,
  at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX workplace_place ON workplace (place);

-- The claim by which a session is reached; null where a route names it. With version -1 it is let in no more, and what waits is still sent.
ALTER TABLE route_reach ADD COLUMN place TEXT;

-- The repositories of a person's routes by source, in lower case, so that a claim finds what concerns it. They count with the version of the
-- routes that they were written with: an older node that changes routes leaves them behind.
CREATE TABLE route_place (
  owner TEXT NOT NULL,
  repository TEXT NOT NULL,
  source TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (owner, repository, source)
) WITHOUT ROWID;

-- Its one row is held by whoever changes routes, claims or a source's owners, so that each sees what the other has done.
CREATE TABLE route_claims (id INTEGER PRIMARY KEY);
INSERT INTO route_claims (id) VALUES (1);
