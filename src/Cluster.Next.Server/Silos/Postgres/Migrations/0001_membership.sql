-- What Orleans' ADO.NET provider needs to keep a cluster's membership here. The names of tables, columns, query keys and
-- parameters are the provider's; it reads its statements from orleansquery. A change of a member counts only on the version
-- of the whole list that the silo has seen, and raises it, in one statement each.
CREATE TABLE orleansquery (
  querykey varchar(64) PRIMARY KEY,
  querytext varchar(8000) NOT NULL
);

CREATE TABLE orleansmembershipversiontable (
  deploymentid varchar(150) PRIMARY KEY,
  "timestamp" timestamptz(3) NOT NULL DEFAULT now(),
  version integer NOT NULL DEFAULT 0
);

CREATE TABLE orleansmembershiptable (
  deploymentid varchar(150) NOT NULL REFERENCES orleansmembershipversiontable (deploymentid),
  address varchar(45) NOT NULL,
  port integer NOT NULL,
  generation integer NOT NULL,
  siloname varchar(150) NOT NULL,
  hostname varchar(150) NOT NULL,
  status integer NOT NULL,
  proxyport integer,
  suspecttimes varchar(8000),
  starttime timestamptz(3) NOT NULL,
  iamalivetime timestamptz(3) NOT NULL,
  PRIMARY KEY (deploymentid, address, port, generation)
);

INSERT INTO orleansquery (querykey, querytext) VALUES
('InsertMembershipVersionKey', $query$
WITH made AS (
  INSERT INTO orleansmembershipversiontable (deploymentid) VALUES (@DeploymentId)
  ON CONFLICT (deploymentid) DO NOTHING
  RETURNING 1)
SELECT COUNT(*) FROM made
$query$),
('InsertMembershipKey', $query$
WITH raised AS (
  UPDATE orleansmembershipversiontable SET version = version + 1, "timestamp" = now()
  WHERE deploymentid = @DeploymentId AND version = @Version AND NOT EXISTS (
    SELECT 1 FROM orleansmembershiptable m
    WHERE m.deploymentid = @DeploymentId AND m.address = @Address AND m.port = @Port AND m.generation = @Generation)
  RETURNING deploymentid),
joined AS (
  INSERT INTO orleansmembershiptable (
    deploymentid, address, port, generation, siloname, hostname, status, proxyport, starttime, iamalivetime)
  SELECT deploymentid, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
  FROM raised
  RETURNING 1)
SELECT COUNT(*) FROM joined
$query$),
('UpdateMembershipKey', $query$
WITH raised AS (
  UPDATE orleansmembershipversiontable SET version = version + 1, "timestamp" = now()
  WHERE deploymentid = @DeploymentId AND version = @Version AND EXISTS (
    SELECT 1 FROM orleansmembershiptable m
    WHERE m.deploymentid = @DeploymentId AND m.address = @Address AND m.port = @Port AND m.generation = @Generation)
  RETURNING deploymentid),
changed AS (
  UPDATE orleansmembershiptable m SET status = @Status, suspecttimes = @SuspectTimes, iamalivetime = @IAmAliveTime
  FROM raised
  WHERE m.deploymentid = raised.deploymentid AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
  RETURNING 1)
SELECT COUNT(*) FROM changed
$query$),
('UpdateIAmAlivetimeKey', $query$
UPDATE orleansmembershiptable SET iamalivetime = @IAmAliveTime
WHERE deploymentid = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$query$),
('MembershipReadRowKey', $query$
SELECT v.deploymentid, m.address, m.port, m.generation, m.siloname, m.hostname, m.status, m.proxyport, m.suspecttimes,
  m.starttime, m.iamalivetime, v.version
FROM orleansmembershipversiontable v
LEFT JOIN orleansmembershiptable m
  ON m.deploymentid = v.deploymentid AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
WHERE v.deploymentid = @DeploymentId
$query$),
('MembershipReadAllKey', $query$
SELECT v.deploymentid, m.address, m.port, m.generation, m.siloname, m.hostname, m.status, m.proxyport, m.suspecttimes,
  m.starttime, m.iamalivetime, v.version
FROM orleansmembershipversiontable v
LEFT JOIN orleansmembershiptable m ON m.deploymentid = v.deploymentid
WHERE v.deploymentid = @DeploymentId
$query$),
('DeleteMembershipTableEntriesKey', $query$
WITH members AS (DELETE FROM orleansmembershiptable WHERE deploymentid = @DeploymentId)
UPDATE orleansmembershipversiontable SET version = 0 WHERE deploymentid = @DeploymentId
$query$),
-- No silo has a gateway: all callers are nodes.
('GatewaysQueryKey', $query$
SELECT address, proxyport, generation FROM orleansmembershiptable
WHERE deploymentid = @DeploymentId AND status = @Status AND proxyport > 0
$query$),
-- 6: dead. The second form takes a row away only as it was read.
('CleanupDefunctSiloEntriesKey', $query$
DELETE FROM orleansmembershiptable
WHERE deploymentid = @DeploymentId AND status = 6 AND iamalivetime < @IAmAliveTime AND starttime < @IAmAliveTime
$query$),
('CleanupDefunctSiloEntryKey', $query$
DELETE FROM orleansmembershiptable
WHERE deploymentid = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation AND status = 6
  AND starttime = @StartTime AND iamalivetime = @IAmAliveTime AND COALESCE(suspecttimes, '') = COALESCE(@SuspectTimes, '')
$query$);
