using System.Security.Cryptography;
using OrleansUem.Dtls.Native;
using OrleansUem.Dtls.Records;

namespace OrleansUem.Dtls;

/// <summary>
/// The way out of libssl, whose object can't be used by two threads and costs 45 KB at rest. In two steps, because a final flight may be lost:
/// <code>
///  end            after HandshakeCompleted           until                                      then
///  client         TakeOpener, TakeSealer             -                                          -
///  server         TakeOpener                         the opener's first Data: the client has    TakeSealer
///                                                    our Finished; before that its repeated
///                                                    Finished goes to Receive, which answers
/// </code>
/// A client needs no proof: its last flight was answered, or the handshake would not have ended.
/// </summary>
public sealed partial class DtlsSession
{
    /// <summary>Epoch of the first keys (RFC 6347 §4.1).</summary>
    public const ushort FirstEpoch = 1;

    private bool _isOpenerTaken;

    /// <summary>
    /// Takes the peer's records: from now on <see cref="Receive"/> takes handshake records only and drops data. Data that came before the handshake's end and waits inside libssl is lost.
    /// </summary>
    /// <param name="epoch">
    /// The epoch that the peer puts into the headers of the records it seals: 1, or a later one when this handshake renews the keys of an association (the additional data has the epoch in it, so both ends
    /// must mean the same).
    /// </param>
    /// <returns>The caller's, to dispose.</returns>
    /// <exception cref="InvalidOperationException">Not established, or taken before.</exception>
    /// <exception cref="CryptographicException">libcrypto refused.</exception>
    public RecordOpener TakeOpener(ushort epoch = FirstEpoch)
    {
        RequireEstablished();
        if (_isOpenerTaken)
        {
            throw new InvalidOperationException("The opener of a DTLS session can be taken once.");
        }

        using var keys = _engine.DeriveRecordKeys(stackalloc byte[RecordKeys.BlockBytesMax]);
        var opener = new RecordOpener(keys.ForOpening(Role == DtlsRole.Client ? DtlsRole.Server : DtlsRole.Client), epoch);
        DropUnreadRecords();
        _isOpenerTaken = true;
        return opener;
    }

    /// <summary>
    /// Takes our own records and ends this object: <see cref="State"/> is TakenOver, its native memory and <see cref="PeerCertificate"/> are freed, it sends nothing any more. A server calls it once the opener
    /// has returned Data.
    /// <para>
    /// The sealer continues libssl's sequence numbers in epoch 1 and begins at 0 in another. libssl has used nonces under the same key, for its Finished at least: the sealer's are a range that is free of them.
    /// </para>
    /// </summary>
    /// <param name="epoch">As of <see cref="TakeOpener"/>.</param>
    /// <returns>The caller's, to dispose.</returns>
    /// <exception cref="InvalidOperationException">Not established, or the opener has not been taken.</exception>
    /// <exception cref="CryptographicException">libcrypto refused, or libssl's nonces are not the counter that they are known to be.</exception>
    public RecordSealer TakeSealer(ushort epoch = FirstEpoch)
    {
        RequireEstablished();
        if (!_isOpenerTaken)
        {
            throw new InvalidOperationException("The opener of a DTLS session is taken before its sealer.");
        }

        var used = _engine.Sealed;
        if (!used.IsCounter)
        {
            throw new CryptographicException("The nonces of the installed libssl do not count up, so none is known to be free.");
        }

        RecordSealer sealer;
        using (var keys = _engine.DeriveRecordKeys(stackalloc byte[RecordKeys.BlockBytesMax]))
        {
            var cipher = keys.ForSealing(Role, used, out var firstNonce);
            sealer = new RecordSealer(cipher, epoch, epoch == FirstEpoch ? used.Count : 0, firstNonce);
        }

        Dispose();
        State = DtlsState.TakenOver;
        return sealer;
    }

    private void RequireEstablished()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (State != DtlsState.Established)
        {
            throw new InvalidOperationException($"The records of a DTLS session can be taken while it is established; it is {State}.");
        }
    }
}
