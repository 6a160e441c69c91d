using System.Buffers.Binary;
using System.Security.Cryptography;
using OrleansUem.Dtls.Native;
using OrleansUem.Dtls.Records;

namespace OrleansUem.Dtls.Tls;

/// <summary>One direction's traffic secret with the key and nonce that come from it, and the sequence number (RFC 8446 §5.3, §7.2, §7.3).</summary>
internal sealed class TrafficKeys : IDisposable
{
    private readonly RecordSuite _suite;

    // Secret, key, first nonce; pinned, so that erasing it leaves no copy of the collector's behind. Its monitor guards all.
    private readonly byte[] _material;
    private readonly int _secretBytes;
    private ulong _sequence;
    private bool _isErased;

    public TrafficKeys(RecordSuite suite, ReadOnlySpan<byte> secret)
    {
        _suite = suite;
        _secretBytes = secret.Length;
        _material = GC.AllocateUninitializedArray<byte>(secret.Length + suite.KeyBytes + AeadCipher.NonceBytes, pinned: true);
        secret.CopyTo(_material);
        Derive();
    }

    /// <summary>Records that the present key has protected.</summary>
    public long Records => (long)Volatile.Read(ref _sequence);

    private Span<byte> Secret => _material.AsSpan(0, _secretBytes);

    private Span<byte> Key => _material.AsSpan(_secretBytes, _suite.KeyBytes);

    private Span<byte> FirstNonce => _material.AsSpan(_secretBytes + _suite.KeyBytes);

    public bool TrySeal(ReadOnlySpan<byte> header, Span<byte> body)
    {
        Span<byte> nonce = stackalloc byte[AeadCipher.NonceBytes];

        // Against Dispose: an erased key must seal nothing.
        lock (_material)
        {
            return _sequence < (ulong)RecordLimits.RecordsMax && TryTakeNonce(nonce) && AeadCipher.For(_suite).TrySeal(Key, nonce, header, body);
        }
    }

    public bool TryOpen(ReadOnlySpan<byte> header, Span<byte> body)
    {
        Span<byte> nonce = stackalloc byte[AeadCipher.NonceBytes];
        lock (_material)
        {
            return TryTakeNonce(nonce) && AeadCipher.For(_suite).TryOpen(Key, nonce, header, body);
        }
    }

    /// <summary>The next secret, and its key (§7.2).</summary>
    public void Update()
    {
        lock (_material)
        {
            Span<byte> next = stackalloc byte[_secretBytes];
            ExpandLabel("traffic upd"u8, next);
            next.CopyTo(Secret);
            CryptographicOperations.ZeroMemory(next);
            Derive();
            _sequence = 0;
        }
    }

    public void Dispose()
    {
        lock (_material)
        {
            _isErased = true;
            CryptographicOperations.ZeroMemory(_material);
        }
    }

    // The sequence number, on the right of the first nonce. It never comes again.
    private bool TryTakeNonce(Span<byte> nonce)
    {
        if (_isErased || _sequence == ulong.MaxValue)
        {
            return false;
        }

        FirstNonce.CopyTo(nonce);
        var right = nonce[^sizeof(ulong)..];
        BinaryPrimitives.WriteUInt64BigEndian(right, BinaryPrimitives.ReadUInt64BigEndian(right) ^ _sequence++);
        return true;
    }

    private void Derive()
    {
        ExpandLabel("key"u8, Key);
        ExpandLabel("iv"u8, FirstNonce);
    }

    // HKDF-Expand-Label (§7.1) with an empty context: length 2, the label behind its length, the context behind its own.
    private void ExpandLabel(ReadOnlySpan<byte> label, Span<byte> output)
    {
        Span<byte> info = stackalloc byte[32];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)output.Length);
        var prefix = "tls13 "u8;
        info[2] = (byte)(prefix.Length + label.Length);
        prefix.CopyTo(info[3..]);
        label.CopyTo(info[(3 + prefix.Length)..]);
        var bytes = 3 + prefix.Length + label.Length + 1;
        info[bytes - 1] = 0;
        HKDF.Expand(new HashAlgorithmName(_suite.PrfDigest), Secret, output, info[..bytes]);
    }
}
