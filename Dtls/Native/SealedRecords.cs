using OrleansUem.Dtls.Records;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// Watches the records that libssl seals on their way out, because nothing else says which sequence numbers and nonces it has used: its explicit nonce begins at random (RFC 5288 leaves it free) and then
/// counts. Whoever goes on under the same key has to keep clear of them.
/// </summary>
internal struct SealedRecords
{
    private bool _isBroken;

    /// <summary>Records sealed, all in epoch 1: their sequence numbers are those below this.</summary>
    public ulong Count { get; private set; }

    /// <summary>Explicit nonce of the first of them; the others' follow.</summary>
    public ulong FirstNonce { get; private set; }

    /// <summary>Whether each record had the number and the nonce after its predecessor's: only then is it known what was used.</summary>
    public readonly bool IsCounter => Count > 0 && !_isBroken;

    public void Note(ReadOnlySpan<byte> datagram)
    {
        while (DtlsRecord.TryTake(ref datagram, out var record))
        {
            if (record.Epoch == 0)
            {
                continue;
            }

            FirstNonce = Count == 0 && record.HasRoomForNonceAndTag ? record.ExplicitNonce : FirstNonce;
            if (record.Epoch != 1 || !record.HasRoomForNonceAndTag || record.Sequence != Count || record.ExplicitNonce != unchecked(FirstNonce + Count))
            {
                _isBroken = true;
                return;
            }

            Count++;
        }
    }
}
