-- The certificates by which nodes know one another. Who inserts a number first has made that one.
CREATE TABLE node_certificate (
  number integer PRIMARY KEY,
  used_from timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  sealed bytea NOT NULL -- certificate and key, under CLUSTER_KEY
);
