-- While a window is open, strangers who write to a bot are answered with a code, which whoever opened it confirms.

CREATE TABLE pairing_window (
  principal TEXT COLLATE "C" PRIMARY KEY,
  expires_at BIGINT NOT NULL
);

-- A stranger who has been given a code; forgotten with the code, or with the last window.
CREATE TABLE pairing_request (
  handle TEXT COLLATE "C" PRIMARY KEY,
  secret_hash TEXT COLLATE "C" NOT NULL,
  identity TEXT COLLATE "C" NOT NULL,
  conversation TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  text TEXT COLLATE "C" NOT NULL,
  asked_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX pairing_request_identity ON pairing_request (identity);
