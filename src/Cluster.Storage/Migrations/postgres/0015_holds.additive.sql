-- What is kept back in a mailbox has the state 'held', which no statement of an earlier version takes.

-- Until when at least and at most, what becomes one message with what has the same key, and which message that is.
ALTER TABLE delivery ADD COLUMN held_until BIGINT;
ALTER TABLE delivery ADD COLUMN held_limit BIGINT;
ALTER TABLE delivery ADD COLUMN fold TEXT COLLATE "C";
ALTER TABLE delivery ADD COLUMN folded_into BIGINT;
CREATE INDEX delivery_held ON delivery (held_until) WHERE state = 'held' AND held_until > 0;
-- What a session is kept waiting for, fold by fold.
CREATE INDEX delivery_kept ON delivery (session_id, fold, held_until) WHERE state = 'held' AND held_limit > 0;
-- A message made of several that waits: what comes later is told with it.
CREATE INDEX delivery_fold ON delivery (session_id, fold) WHERE state = 'queued' AND fold IS NOT NULL;
CREATE INDEX delivery_folded ON delivery (folded_into) WHERE folded_into > 0;

-- What an event is about, and how far that had come; with recovers it says that this is well again.
ALTER TABLE delivery ADD COLUMN subject TEXT COLLATE "C";
ALTER TABLE delivery ADD COLUMN subject_step BIGINT;
ALTER TABLE delivery ADD COLUMN recovers INTEGER;
CREATE INDEX delivery_subject ON delivery (subject, event_id) WHERE subject IS NOT NULL;
-- What of it may still become needless.
CREATE INDEX delivery_subject_waiting ON delivery (subject, session_id, event_id) WHERE subject IS NOT NULL AND state IN ('held', 'queued');

-- When it is looked after beside its delivery: who else is told, and who comes next.
ALTER TABLE delivery ADD COLUMN watch_at BIGINT;
CREATE INDEX delivery_watch ON delivery (watch_at) WHERE watch_at IS NOT NULL;

-- For bringing back what ended undelivered, newest sessions' histories being long.
CREATE INDEX delivery_undelivered ON delivery (session_id, event_id) WHERE state IN ('dead', 'expired') AND event_id > 0;
