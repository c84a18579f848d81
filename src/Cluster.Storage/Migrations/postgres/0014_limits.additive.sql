-- Until when a bot's platform turns away some of what it sends (429).

ALTER TABLE bot ADD COLUMN limited_until BIGINT;
