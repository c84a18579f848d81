-- How a bot hears: by being told (webhook), or by asking (null).
ALTER TABLE bot ADD COLUMN mode TEXT;
