using OrleansUem.Dtls.Records;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// Watches the records that libssl seals on their way out, because nothing else says which sequence numbers and nonces it has used: its explicit nonce begins at random (RFC 5288 leaves it free) and then
/// counts. Whoever continues under the same key begins after <see cref="NextNonce"/>.
/// </summary>
internal struct SealedRecords
{
    private bool _hasAny;
    private bool _isBroken;

    /// <summary>Sequence number after the highest that was used in epoch 1; 0 when none was.</summary>
    public ulong NextSequence { get; private set; }

    /// <summary>One above the last explicit nonce.</summary>
    public ulong NextNonce { get; private set; }

    /// <summary>Whether every record seen had the nonce after its predecessor's: only then is it known what was used.</summary>
    public readonly bool IsCounter => _hasAny && !_isBroken;

    public void Note(ReadOnlySpan<byte> datagram)
    {
        while (DtlsRecord.TryTake(ref datagram, out var record))
        {
            if (record.Epoch == 0)
            {
                continue;
            }

            if (record.Epoch != 1 || !record.HasRoomForNonceAndTag || (_hasAny && (record.ExplicitNonce != NextNonce || record.Sequence != NextSequence)))
            {
                _isBroken = true;
                return;
            }

            _hasAny = true;
            NextSequence = record.Sequence + 1;
            NextNonce = unchecked(record.ExplicitNonce + 1);
        }
    }
}
