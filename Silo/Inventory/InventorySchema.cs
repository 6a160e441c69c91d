namespace OrleansUem.Silo.Inventory;

/// <summary>The tables of the read model. Times are Unix milliseconds. A file of another version is dropped and fills again.</summary>
internal static class InventorySchema
{
    public const int Version = 1;

    /// <summary>WAL with synchronous=NORMAL: a power cut may lose the last rows, which the grains tell again.</summary>
    public const string Pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=2000;";

    public const string Drop = """
        DROP TABLE IF EXISTS tenants; DROP TABLE IF EXISTS peers; DROP TABLE IF EXISTS tunnels;
        DROP TABLE IF EXISTS edges; DROP TABLE IF EXISTS invitations;
        """;

    public const string Create = """
        CREATE TABLE IF NOT EXISTS tenants (
            id TEXT PRIMARY KEY, at INTEGER NOT NULL, name TEXT NOT NULL, is_cut INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS peers (
            role INTEGER NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, edge_id TEXT, session_id INTEGER, generation INTEGER,
            last_end INTEGER NOT NULL, is_blocked INTEGER NOT NULL, certificate TEXT NOT NULL, certificate_ends INTEGER NOT NULL DEFAULT 0,
            address TEXT NOT NULL DEFAULT '', transport TEXT NOT NULL DEFAULT '', software TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (role, id)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS peers_edge ON peers (edge_id) WHERE edge_id IS NOT NULL;
        CREATE TABLE IF NOT EXISTS tunnels (
            id TEXT PRIMARY KEY, at INTEGER NOT NULL, tunnel_id INTEGER NOT NULL, phase INTEGER NOT NULL, node_id TEXT NOT NULL,
            frames_up INTEGER NOT NULL, bytes_up INTEGER NOT NULL, frames_down INTEGER NOT NULL, bytes_down INTEGER NOT NULL,
            dropped INTEGER NOT NULL, end_reason INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS edges (
            id TEXT PRIMARY KEY, at INTEGER NOT NULL, is_linked INTEGER NOT NULL, is_removed INTEGER NOT NULL, address TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS invitations (
            id TEXT PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL, expires INTEGER NOT NULL,
            wrong_attempts INTEGER NOT NULL, is_used INTEGER NOT NULL, is_revoked INTEGER NOT NULL) WITHOUT ROWID;
        """;
}
