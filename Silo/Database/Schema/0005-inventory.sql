-- The inventory: the read model of the lists, written by every silo. at is in milliseconds of this server's clock, which is the silos' common one; version is a
-- number that the noun's grain only raises. A row is replaced by one with a later (version, at) and by no other, in whatever order they arrive.

CREATE TABLE inventory_tenants (
    id      text    PRIMARY KEY COLLATE "C",
    at      bigint  NOT NULL,
    version bigint  NOT NULL,
    name    text    NOT NULL,
    is_cut  boolean NOT NULL
) WITH (fillfactor = 80);

-- Id is TENANT/NAME; role is 1 for a device, 2 for a node. A session that was seen (session_at) before its edge's process ended (gone_at) is over.
CREATE TABLE inventory_peers (
    role             integer NOT NULL,
    id               text    NOT NULL COLLATE "C",
    at               bigint  NOT NULL,
    version          bigint  NOT NULL,
    session_at       bigint  NOT NULL DEFAULT 0,
    edge_id          text COLLATE "C",
    session_id       bigint,
    generation       bigint,
    last_end         integer NOT NULL DEFAULT 0,
    is_blocked       boolean NOT NULL,
    certificate      text    NOT NULL,
    certificate_ends bigint  NOT NULL DEFAULT 0,
    address          text    NOT NULL DEFAULT '',
    transport        text    NOT NULL DEFAULT '',
    software         text    NOT NULL DEFAULT '',
    PRIMARY KEY (role, id)
) WITH (fillfactor = 80);

-- Id is TENANT/DEVICE.
CREATE TABLE inventory_tunnels (
    id          text    PRIMARY KEY COLLATE "C",
    at          bigint  NOT NULL,
    version     bigint  NOT NULL,
    tunnel_id   bigint  NOT NULL,
    phase       integer NOT NULL,
    node_id     text    NOT NULL COLLATE "C",
    frames_up   bigint  NOT NULL DEFAULT 0,
    bytes_up    bigint  NOT NULL DEFAULT 0,
    frames_down bigint  NOT NULL DEFAULT 0,
    bytes_down  bigint  NOT NULL DEFAULT 0,
    dropped     bigint  NOT NULL DEFAULT 0,
    end_reason  integer NOT NULL DEFAULT 0,
    device_path text    NOT NULL DEFAULT '',
    node_path   text    NOT NULL DEFAULT ''
) WITH (fillfactor = 80);
CREATE INDEX inventory_tunnels_of_a_node ON inventory_tunnels (node_id, id);

CREATE TABLE inventory_edges (
    id         text    PRIMARY KEY COLLATE "C",
    at         bigint  NOT NULL,
    version    bigint  NOT NULL,
    is_linked  boolean NOT NULL,
    linked_at  bigint  NOT NULL DEFAULT 0,
    is_removed boolean NOT NULL,
    address    text    NOT NULL,
    process_id text    NOT NULL DEFAULT '',
    gone_at    bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 80);

CREATE TABLE inventory_invitations (
    id             text    PRIMARY KEY COLLATE "C",
    at             bigint  NOT NULL,
    version        bigint  NOT NULL,
    kind           integer NOT NULL,
    name           text    NOT NULL,
    expires        bigint  NOT NULL,
    wrong_attempts integer NOT NULL,
    is_used        boolean NOT NULL,
    is_revoked     boolean NOT NULL
);
