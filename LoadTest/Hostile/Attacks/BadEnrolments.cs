using System.Security.Cryptography;
using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>Enrolments with made-up tenants and activations, with requests that are no CSR under a true activation, and too many of them.</summary>
internal sealed class BadEnrolments : IHostileAttack
{
    private const int AtATime = 16;
    private const int Kinds = 4;

    /// <summary>More than an address may send at once (40: four seconds of ten), also where half of its connections find no place.</summary>
    private const int OfOneAddress = 160;

    public string Name => "enrolments";

    public string Summary => "enrolments with made-up tenants, unknown activations and malformed CSRs";

    public IReadOnlyList<string> Refusals =>
        ["refusals/UnknownTenant", "refusals/UnknownActivation", "refusals/BadRequest", "refusals/MalformedFrame", "refusals/Overloaded"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var activation = target.CreateActivation("not-this-one");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var junk = RandomNumberGenerator.GetBytes(300);
        var count = OfOneAddress + Math.Max(10 * Kinds, target.Options.Handshakes / 4);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken }, async (number, token) =>
        {
            var enrol = new ActivationExchange(activation, key, junk).Request;
            var isOfOne = number < OfOneAddress;
            switch (isOfOne ? 1 : number % Kinds)
            {
                case 1:
                    enrol.TenantTag = ByteString.CopyFrom(new byte[TenantTags.TagBytes]);
                    break;
                case 2:
                    enrol.ActivationId = new string('A', enrol.ActivationId.Length);
                    break;
                case 3:
                    enrol.ActivationId = "short";
                    break;
                default:
                    break;
            }

            if (await HostilePeer.TryConnectAsync(target, isOfOne ? 0 : number, Alpn.Enrol, null, token) is { } peer)
            {
                await using var held = peer;
                await peer.SendAsync(FrameType.Enrol, Channel.Session, enrol, token);
                while (await peer.ReadAsync(token) is { } frame && frame.Header.Type == FrameType.Hello)
                {
                    // What follows is the answer, or CLOSE.
                }
            }
        });
        return count;
    }
}
