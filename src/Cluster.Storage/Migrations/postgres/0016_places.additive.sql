-- Who besides a source's owner is listed on it. They count from when they accepted on. By the source's path, which no source after it has.
CREATE TABLE source_owner (
  path TEXT COLLATE "C" NOT NULL,
  principal TEXT COLLATE "C" NOT NULL,
  invited_at BIGINT NOT NULL,
  accepted_at BIGINT,
  PRIMARY KEY (path, principal)
);
CREATE INDEX source_owner_principal ON source_owner (principal);
CREATE INDEX source_owned ON source (owner);

-- The sources for which a person's routes stand: those that there were when they were applied.
CREATE TABLE route_source (
  path TEXT COLLATE "C" PRIMARY KEY,
  owner TEXT COLLATE "C" NOT NULL
);
CREATE INDEX route_source_owner ON route_source (owner);
INSERT INTO route_source (path, owner)
  SELECT DISTINCT s.path, r.owner FROM route_reach r JOIN source s ON s.name = r.source AND s.owner = r.owner;

-- Where a session works, as its newest client says. The place is host and repository in lower case.
CREATE TABLE workplace (
  session_id TEXT COLLATE "C" PRIMARY KEY,
  place TEXT COLLATE "C",
  repository TEXT COLLATE "C",
  branch TEXT COLLATE "C",
  folder TEXT COLLATE "C",
  at BIGINT NOT NULL
);
CREATE INDEX workplace_place ON workplace (place);

-- The claim by which a session is reached; null where a route names it. With version -1 it is let in no more, and what waits is still sent.
ALTER TABLE route_reach ADD COLUMN place TEXT COLLATE "C";

-- The repositories of a person's routes by source, in lower case, so that a claim finds what concerns it. They count with the version of the
-- routes that they were written with: an older node that changes routes leaves them behind.
CREATE TABLE route_place (
  owner TEXT COLLATE "C" NOT NULL,
  repository TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (owner, repository, source)
);

-- Its one row is held by whoever changes routes, claims or a source's owners, so that each sees what the other has done.
CREATE TABLE route_claims (id INTEGER PRIMARY KEY);
INSERT INTO route_claims (id) VALUES (1);
