-- The key of the project to which a session, and those that share its allowlist, belong; null until one comes, '-' when a client that tells none
-- was there first.
ALTER TABLE session ADD COLUMN project TEXT;
