namespace OrleansUem.Dtls.Native;

/// <summary>
/// A BIO type of our own, by which libssl gets and gives its bytes through functions of <see cref="SslCallbacks"/> or <see cref="TlsCallbacks"/> instead of a socket. A type lives as long as the process; each session has a BIO of it.
/// </summary>
internal sealed unsafe class BioMethod
{
    private readonly nint _method;

    /// <param name="name">For debuggers, ends with a zero; copied.</param>
    /// <param name="write">Takes bytes; returns how many, or -1.</param>
    /// <param name="read">Fills a buffer; returns <see cref="EndRead"/>.</param>
    /// <param name="control">Answers questions such as BIO_CTRL_FLUSH.</param>
    public BioMethod(
        ReadOnlySpan<byte> name,
        delegate* unmanaged[Cdecl]<nint, byte*, int, int> write,
        delegate* unmanaged[Cdecl]<nint, byte*, int, int> read,
        delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> control)
    {
        fixed (byte* first = name)
        {
            _method = LibCrypto.BIO_meth_new(LibCrypto.BIO_get_new_index() | LibCrypto.BioTypeSourceSink, first);
        }

        if (_method == 0
            || LibCrypto.BIO_meth_set_write(_method, write) != 1
            || LibCrypto.BIO_meth_set_read(_method, read) != 1
            || LibCrypto.BIO_meth_set_ctrl(_method, control) != 1)
        {
            throw OpenSslErrors.Exception("BIO_meth_new");
        }
    }

    /// <summary>A BIO for one session; SSL_set_bio takes it over.</summary>
    public nint NewBio()
    {
        var bio = LibCrypto.BIO_new(_method);
        if (bio == 0)
        {
            throw OpenSslErrors.Exception("BIO_new");
        }

        LibCrypto.BIO_set_init(bio, 1);
        return bio;
    }

    /// <summary>What a read returns: with nothing to give, libssl asks again in a later call.</summary>
    /// <param name="bio">Which.</param>
    /// <param name="taken">Bytes in the buffer; 0: there are none yet.</param>
    public static int EndRead(nint bio, int taken)
    {
        LibCrypto.BIO_clear_flags(bio, LibCrypto.BioFlagsRetryMask);
        if (taken > 0)
        {
            return taken;
        }

        LibCrypto.BIO_set_flags(bio, LibCrypto.BioFlagsRetryRead);
        return -1;
    }
}
