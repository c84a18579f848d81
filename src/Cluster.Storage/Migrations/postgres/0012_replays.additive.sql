-- What is told of an event's life: how its sender was proved, by what it was answered (an answer's id, or ack), and which event it repeats.
ALTER TABLE event ADD COLUMN verified TEXT COLLATE "C";
ALTER TABLE delivery ADD COLUMN answered_by TEXT COLLATE "C";

CREATE TABLE replay (
  event_id BIGINT PRIMARY KEY,
  replay_of BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX replay_first ON replay (replay_of);
