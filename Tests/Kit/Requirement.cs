namespace OrleansUem.Tests.Kit;

/// <summary>What a test needs from the machine beyond the SDK.</summary>
[Flags]
public enum Requirement
{
    None = 0,

    /// <summary>Linux and the superuser.</summary>
    Root = 1,

    /// <summary>/dev/net/tun; implies <see cref="Root"/>.</summary>
    Tun = 2,

    /// <summary>iproute2 and the right to create network namespaces; implies <see cref="Root"/>.</summary>
    NetNamespaces = 4,

    /// <summary>nft and a kernel with nf_tables in a namespace; implies <see cref="NetNamespaces"/>.</summary>
    Nftables = 8,

    /// <summary>Another user than root may make user namespaces and read this build's output; implies <see cref="NetNamespaces"/>.</summary>
    UserNamespaces = 16,

    /// <summary>PostgreSQL's server programs, and as root the user postgres to run them as.</summary>
    Postgres = 32,

    /// <summary>A build whose silos form a cluster: with Orleans.</summary>
    Cluster = 64,

    /// <summary>OpenSSL's FIPS provider with what <c>openssl fipsinstall</c> wrote for it, in the files that UEM_TEST_FIPS_MODULE and UEM_TEST_FIPS_CONFIG name.</summary>
    FipsModule = 128,

    /// <summary>libslirp, for the node without root.</summary>
    Slirp = 256,

    /// <summary>systemd-resolved's programs, installed or unpacked by ./test, and a message bus; systemd itself need not run.</summary>
    Resolved = 512,
}
