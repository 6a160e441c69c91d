using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tunnel;

/// <summary>
/// The handshakes: the first one on the channel itself, later ones inside the tunnel (<see cref="RekeyMachine"/>), and the way of their keys to the data path. Everything here runs inside the control lock.
/// </summary>
public sealed partial class SecureTunnel
{
    // The handshake under way, and after it libssl's session until the far end has proven that our last flight arrived; null in between.
    private DtlsSession? _handshake;
    private ushort _handshakeEpoch = DtlsSession.FirstEpoch;
    private byte[] _peerFingerprint = [];

    private void ReceiveHandshake(ReadOnlySpan<byte> datagram, Span<byte> buffer)
    {
        TunnelSecurity? security = null;
        lock (_lock)
        {
            if (_isDisposed || _handshake is not { State: DtlsState.Created or DtlsState.Handshaking } dtls)
            {
                // Over, or another thread has just ended the handshake: to the far end this datagram was lost.
                return;
            }

            var now = _timer.NowMilliseconds;
            switch (dtls.Receive(datagram, buffer, DtlsNow(now)).Status)
            {
                case DtlsReadStatus.HandshakeCompleted:
                    security = TakeFirstKeys(dtls);
                    break;
                case DtlsReadStatus.Failed:
                    HandshakeFailed(now);
                    break;
                default:
                    break;
            }

            Settle();
        }

        if (security is not null)
        {
            Admit(security);
        }
    }

    // Outside the lock: the owner may look things up and store them. The machine takes nothing of the far end meanwhile.
    private void Admit(TunnelSecurity security)
    {
        using var certificate = security.Certificate;
        var admission = _handler.OnSecured(this, security);

        lock (_lock)
        {
            var now = _timer.NowMilliseconds;
            if (_isDisposed)
            {
                return;
            }

            if (_contexts.Role == TunnelRole.Device && admission.Refusal == Reason.None)
            {
                _machine.SecuredAtDevice(now);
            }
            else if (admission is { Refusal: Reason.None, Offer: { } offer })
            {
                _machine.SecuredAtNode(offer, now);
            }
            else if (_contexts.Role == TunnelRole.Node)
            {
                var reason = admission.Refusal == Reason.None ? Reason.InternalError : admission.Refusal;
                _machine.RefuseAtNode(reason, admission.Detail ?? "the owner of the tunnel gave no configuration", now);
            }
            else
            {
                _machine.Close(admission.Refusal, admission.Detail ?? "");
            }

            Settle();
        }
    }

    private TunnelSecurity? TakeFirstKeys(DtlsSession dtls)
    {
        // The verifier has accepted it, so the identity is there. A second reference: the original goes with libssl's session, and decoding it again would cost a quarter of a millisecond.
        var certificate = dtls.PeerCertificate!;
        CertificateProfile.ReadIdentity(certificate, out var identity);
        var security = new TunnelSecurity(
            dtls.CipherSuite ?? "", dtls.Version ?? "", identity, new X509Certificate2(certificate));
        _peerFingerprint = certificate.GetCertHash(HashAlgorithmName.SHA256);
        if (TryTake(() => _opener.Add(dtls.TakeOpener())) && (_contexts.Role == TunnelRole.Node || TrySwitch()))
        {
            return security;
        }

        security.Certificate.Dispose();
        return null;
    }

    // A record of the far end under new keys: it has them.
    private void KeysConfirmed(ushort epoch, long now)
    {
        if (epoch == DtlsSession.FirstEpoch)
        {
            if (_contexts.Role == TunnelRole.Node)
            {
                TrySwitch();
            }
        }
        else if (epoch == _machine.Rekey.NextEpoch)
        {
            _machine.Rekey.Confirmed(now);
        }
    }

    // The far end repeats its last flight while ours has not arrived; libssl repeats ours. False when there is nothing left to repeat.
    private bool RepeatFinalFlight(in DtlsRecord record, Span<byte> buffer)
    {
        lock (_lock)
        {
            if (_handshake is not { State: DtlsState.Established } dtls || _handshakeEpoch != DtlsSession.FirstEpoch)
            {
                return false;
            }

            dtls.Receive(record.Bytes, buffer, DtlsNow(_timer.NowMilliseconds));
            return true;
        }
    }

    private void ApplyToKeys(in TunnelEffect effect)
    {
        if (_isDisposed)
        {
            return;
        }

        switch (effect.Kind)
        {
            case TunnelEffectKind.BeginKeys:
                AbandonKeys();
                _handshakeEpoch = _machine.Rekey.NextEpoch;
                _handshake = _contexts.Context.CreateSession(
                    new RekeyOutput(this),
                    _peer.CreateVerifier(_contexts.Credentials, _timer.Time),
                    _machine.MtuBytes - TunnelLimits.RekeyEnvelopeBytes);
                _handshake.Start(DtlsNow(_timer.NowMilliseconds));
                break;
            case TunnelEffectKind.KeysDatagram:
                ReceiveKeysDatagram(effect.Plaintext.Span);
                break;
            case TunnelEffectKind.AbandonKeys:
                AbandonKeys();
                break;
            case TunnelEffectKind.SwitchKeys:
                TrySwitch();
                break;
            case TunnelEffectKind.RetireKeys:
                _opener.Retire();
                break;
            default:
                break;
        }
    }

    private void ReceiveKeysDatagram(ReadOnlySpan<byte> datagram)
    {
        if (_handshake is not { } dtls || datagram.Length > FrameLimits.MaxPayloadBytes)
        {
            return;
        }

        var now = _timer.NowMilliseconds;
        switch (dtls.Receive(datagram, _threadPlaintext ??= new byte[FrameLimits.MaxPayloadBytes], DtlsNow(now)).Status)
        {
            case DtlsReadStatus.HandshakeCompleted when !dtls.PeerCertificate!.GetCertHash(HashAlgorithmName.SHA256).AsSpan().SequenceEqual(_peerFingerprint):
                // Whoever admitted this tunnel judged and noted the first one (the rule of RFC 7627 §5.4 for renegotiation).
                _machine.Close(Reason.EndToEndFailed, "the far end renewed the keys with another certificate");
                break;
            case DtlsReadStatus.HandshakeCompleted:
                if (TryTake(() => _opener.Add(dtls.TakeOpener(_handshakeEpoch))))
                {
                    _machine.Rekey.Secured(now);
                }

                break;
            case DtlsReadStatus.Failed:
                HandshakeFailed(now);
                break;
            default:
                break;
        }
    }

    private void HandshakeFailed(long now)
    {
        if (_handshakeEpoch != DtlsSession.FirstEpoch && _handshake!.Failure == DtlsFailure.Timeout)
        {
            _machine.Rekey.TimedOut(now);
            return;
        }

        // The detail names the check that failed at this end, or the alert of the far end.
        var detail = _handshake!.FailureDetail;
        _machine.Close(Reason.EndToEndFailed, detail.Length == 0 ? "the end-to-end session failed" : detail);
    }

    private void AbandonKeys()
    {
        _handshake?.Dispose();
        _handshake = null;
        _opener.Abandon();
    }

    private bool TrySwitch() => _handshake is { } dtls && TryTake(() =>
    {
        _sealer.Switch(dtls.TakeSealer(_handshakeEpoch));
        _handshake = null;
    });

    private bool TryTake(Action take)
    {
        try
        {
            take();
            return true;
        }
        catch (CryptographicException e)
        {
            _machine.Close(Reason.EndToEndFailed, e.Message);
            return false;
        }
    }

    /// <summary>The first handshake's way out: the channel.</summary>
    private sealed class ChannelOutput(SecureTunnel tunnel) : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram) => tunnel._handler.SendDatagram(tunnel, datagram);
    }

    /// <summary>A later handshake's way out: a control payload.</summary>
    private sealed class RekeyOutput(SecureTunnel tunnel) : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram) => tunnel._machine.Rekey.Send(datagram);
    }
}
