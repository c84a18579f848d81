-- Writes down, inside the transactions of the nodes, what must never be. Nothing of the product knows of it.
CREATE SCHEMA chaos;

CREATE TABLE chaos.sighting (kind TEXT NOT NULL, at BIGINT NOT NULL, detail TEXT NOT NULL);

-- Who held which lease from when on.
CREATE TABLE chaos.holding (at BIGINT NOT NULL, lease TEXT NOT NULL, holder TEXT NOT NULL, epoch BIGINT NOT NULL);

-- Who did housekeeping: shows that there was some to be watched.
CREATE TABLE chaos.housekeeping (at BIGINT NOT NULL, program TEXT NOT NULL);

CREATE FUNCTION chaos.now_ms() RETURNS BIGINT LANGUAGE sql AS
  'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';

-- When the transaction began: what was rightly begun may end a little late.
CREATE FUNCTION chaos.began_ms() RETURNS BIGINT LANGUAGE sql AS
  'SELECT (extract(epoch FROM transaction_timestamp()) * 1000)::bigint';

CREATE FUNCTION chaos.watch_lease() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  now_ms BIGINT := chaos.now_ms();
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.holder <> '' AND NEW.holder <> '' AND NEW.holder <> OLD.holder THEN
      IF OLD.expires_at > now_ms THEN
        INSERT INTO chaos.sighting VALUES ('two-holders', now_ms,
          format('%s took lease %s from %s, whose right had %s ms to go', NEW.holder, NEW.name, OLD.holder, OLD.expires_at - now_ms));
      END IF;
      IF NEW.epoch <= OLD.epoch THEN
        INSERT INTO chaos.sighting VALUES ('two-holders', now_ms,
          format('%s took lease %s from %s without a new epoch: %s after %s', NEW.holder, NEW.name, OLD.holder, NEW.epoch, OLD.epoch));
      END IF;
    END IF;
    IF NEW.holder IS NOT DISTINCT FROM OLD.holder AND NEW.epoch IS NOT DISTINCT FROM OLD.epoch THEN
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO chaos.holding VALUES (now_ms, NEW.name, coalesce(NEW.holder, ''), NEW.epoch);
  RETURN NULL;
END $$;

CREATE TRIGGER watch_lease AFTER INSERT OR UPDATE ON lease FOR EACH ROW EXECUTE FUNCTION chaos.watch_lease();

CREATE FUNCTION chaos.watch_sent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  current_epoch BIGINT;
BEGIN
  SELECT epoch INTO current_epoch FROM session WHERE id = NEW.session_id;
  IF NEW.epoch IS DISTINCT FROM current_epoch THEN
    INSERT INTO chaos.sighting VALUES ('old-epoch', chaos.now_ms(),
      format('event %s of %s was sent under epoch %s while the session was at %s, by %s',
        NEW.event_id, NEW.session_id, NEW.epoch, current_epoch, current_setting('application_name')));
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER watch_sent AFTER UPDATE ON delivery FOR EACH ROW
  WHEN (NEW.state = 'sent' AND (NEW.epoch, NEW.batch) IS DISTINCT FROM (OLD.epoch, OLD.batch))
  EXECUTE FUNCTION chaos.watch_sent();

-- Rows that the harness made for housekeeping alone are touched by the holder of its lease, or the epoch is not kept.
CREATE FUNCTION chaos.watch_housekeeping() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  program TEXT := current_setting('application_name');
  holder RECORD;
BEGIN
  SELECT n.name, l.expires_at INTO holder FROM lease l LEFT JOIN node n ON n.id = l.holder WHERE l.name = 'housekeeping';
  INSERT INTO chaos.housekeeping VALUES (chaos.now_ms(), program);
  IF program IS DISTINCT FROM 'cluster ' || holder.name THEN
    INSERT INTO chaos.sighting VALUES ('old-epoch', chaos.now_ms(),
      format('%s did housekeeping on %s while %s held the lease', program, TG_TABLE_NAME, coalesce(holder.name, 'nobody')));
  ELSIF holder.expires_at <= chaos.began_ms() THEN
    INSERT INTO chaos.sighting VALUES ('old-epoch', chaos.now_ms(),
      format('%s did housekeeping on %s %s ms after its lease had ended', program, TG_TABLE_NAME, chaos.began_ms() - holder.expires_at));
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER watch_dedupe AFTER DELETE ON dedupe FOR EACH ROW
  WHEN (OLD.key LIKE 'chaos-work:%') EXECUTE FUNCTION chaos.watch_housekeeping();
CREATE TRIGGER watch_mcp_session AFTER DELETE ON mcp_session FOR EACH ROW
  WHEN (OLD.id LIKE 'chaos-work:%') EXECUTE FUNCTION chaos.watch_housekeeping();
CREATE TRIGGER watch_expiry AFTER UPDATE ON delivery FOR EACH ROW
  WHEN (OLD.session_id = 'chaos/work' AND NEW.state = 'expired') EXECUTE FUNCTION chaos.watch_housekeeping();
