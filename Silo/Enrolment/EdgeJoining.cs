using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Enrolment;

/// <summary>Gives an edge its certificate against a join token that names it. The token is used up only when the certificate is made; a crash between leaves it usable.</summary>
internal sealed partial class EdgeJoining(SiloState state, IGrainFactory grains, TimeProvider time, ILogger<EdgeJoining> logger)
{
    /// <summary>How long an edge's certificate is valid. Arbitrary: an edge is given another one by joining again.</summary>
    public static readonly TimeSpan EdgeValidity = TimeSpan.FromDays(397);

    /// <summary>Serves JOIN.</summary>
    /// <param name="join">The request, any content.</param>
    /// <returns>JOINED.</returns>
    public async Task<Joined> JoinAsync(Join join)
    {
        if (!state.IsInvitationId(join.TokenId))
        {
            return Refuse(Reason.UnknownInvitation);
        }

        if (!EdgeId.TryParse(join.EdgeId, out var edge))
        {
            return Refuse(Reason.MalformedFrame, "edge_id is no name.");
        }

        var reason = SigningRequest.TryRead(join.Csr.Span, out var publicKey);
        if (reason != Reason.None)
        {
            return Refuse(reason, "The certificate request is not of the profile.");
        }

        var invitation = grains.GetGrain<IInvitationGrain>(join.TokenId);
        var reserved = await invitation.ReserveAsync(new InvitationClaim
        {
            Kind = InvitationKind.Edge,
            Parts = [Ascii(state.Installation.Text), Ascii(join.TokenId), Ascii(edge.Text), SHA256.HashData(join.Csr.Span)],
            Mac = join.Mac.Memory,
        });
        if (reserved.Reason != Reason.None)
        {
            return Refuse(reserved.Reason);
        }

        if (reserved.IsReplay)
        {
            return Answer(reserved.Answer, reserved.AnswerMac);
        }

        return reserved.Name == edge.Text
            ? await IssueAsync(invitation, join, edge, publicKey!)
            : Refuse(Reason.NotPermitted, "The token is for another edge.");
    }

    private async Task<Joined> IssueAsync(IInvitationGrain invitation, Join join, EdgeId edge, PublicKey publicKey)
    {
        var registered = await grains.GetGrain<IEdgeGrain>(GrainKeys.Edge(edge)).RegisterAsync(new EdgeRegistration
        {
            KeySha256 = Convert.ToHexStringLower(SHA256.HashData(publicKey.ExportSubjectPublicKeyInfo())),
            InvitationId = join.TokenId,
        });
        if (registered.Reason != Reason.None)
        {
            return Refuse(registered.Reason, "An edge of that name exists with another key. Remove it first.");
        }

        var certificate = state.IssueEdge(publicKey, edge, time.GetUtcNow(), EdgeValidity);
        var committed = await invitation.CommitAsync(new InvitationCommit
        {
            Mac = join.Mac.Memory,
            AnswerParts = [SHA256.HashData(certificate)],
            Answer = certificate,
        });
        if (committed.Reason != Reason.None)
        {
            return Refuse(committed.Reason);
        }

        LogJoined(logger, edge.Text);
        return Answer(committed.Answer, committed.AnswerMac);
    }

    private static Joined Answer(ReadOnlyMemory<byte> certificate, ReadOnlyMemory<byte> mac) =>
        new() { Certificate = ByteString.CopyFrom(certificate.Span), Mac = ByteString.CopyFrom(mac.Span) };

    private static Joined Refuse(Reason reason, string detail = "") => new() { Reason = (uint)reason, Detail = ReasonText.Cut(detail) };

    private static ReadOnlyMemory<byte> Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
