-- Until then a session is given nothing but verdicts; null when it is not paused.
ALTER TABLE session ADD COLUMN paused_until BIGINT;
CREATE INDEX session_paused ON session (paused_until) WHERE paused_until > 0;

-- Set once people were told of an event; what is looked after from then on is only whether it was received.
ALTER TABLE delivery ADD COLUMN told INTEGER;
