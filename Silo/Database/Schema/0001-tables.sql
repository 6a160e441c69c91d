-- The tables of an installation. Names and columns of the Orleans* tables are those that Orleans' AdoNet providers know; types and keys are ours.
-- Every Orleans query is ours too (0002..0004), so nothing but those queries and Embedded/Storage reads or writes these tables.

-- Which installation's database this is: the fingerprint of its root. One row, written by the first silo that starts here.
CREATE TABLE uem_installation (
    the_one boolean PRIMARY KEY DEFAULT true CHECK (the_one),
    id      text NOT NULL
);

-- The texts that Orleans' providers look up by key when they start.
CREATE TABLE OrleansQuery (
    QueryKey  text PRIMARY KEY,
    QueryText text NOT NULL
);

-- One row a grain and state. The hashes come first in the key: they find the row with eight bytes and keep the texts out of the index's upper pages.
-- GrainIdExtensionString is never null here, so that the key is unique for every kind of grain key. A cleared state keeps its row, with no payload.
-- A fifth of each page is left free: an update touches no indexed column and finds room beside the old row (HOT).
CREATE TABLE OrleansStorage (
    GrainIdHash            integer     NOT NULL,
    GrainTypeHash          integer     NOT NULL,
    GrainIdN0              bigint      NOT NULL,
    GrainIdN1              bigint      NOT NULL,
    GrainTypeString        text        NOT NULL COLLATE "C",
    GrainIdExtensionString text        NOT NULL COLLATE "C" DEFAULT '',
    ServiceId              text        NOT NULL COLLATE "C",
    PayloadBinary          bytea,
    ModifiedOn             timestamptz NOT NULL,
    Version                integer     NOT NULL,
    PRIMARY KEY (GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, GrainTypeString, GrainIdExtensionString, ServiceId)
) WITH (fillfactor = 80);

CREATE TABLE OrleansRemindersTable (
    ServiceId    text        NOT NULL COLLATE "C",
    GrainId      text        NOT NULL COLLATE "C",
    ReminderName text        NOT NULL COLLATE "C",
    StartTime    timestamptz NOT NULL,
    Period       bigint      NOT NULL,
    GrainHash    integer     NOT NULL,
    Version      integer     NOT NULL,
    PRIMARY KEY (ServiceId, GrainId, ReminderName)
);
CREATE INDEX OrleansRemindersTable_by_hash ON OrleansRemindersTable (ServiceId, GrainHash);

-- The cluster's membership: a version that every change of a member raises, and the members.
CREATE TABLE OrleansMembershipVersionTable (
    DeploymentId text        PRIMARY KEY COLLATE "C",
    Timestamp    timestamptz NOT NULL DEFAULT now(),
    Version      integer     NOT NULL DEFAULT 0
);
CREATE TABLE OrleansMembershipTable (
    DeploymentId text        NOT NULL COLLATE "C" REFERENCES OrleansMembershipVersionTable (DeploymentId) ON DELETE CASCADE,
    Address      text        NOT NULL COLLATE "C",
    Port         integer     NOT NULL,
    Generation   integer     NOT NULL,
    SiloName     text        NOT NULL,
    HostName     text        NOT NULL,
    Status       integer     NOT NULL,
    ProxyPort    integer     NOT NULL,
    SuspectTimes text,
    StartTime    timestamptz NOT NULL,
    IAmAliveTime timestamptz NOT NULL,
    PRIMARY KEY (DeploymentId, Address, Port, Generation)
);
