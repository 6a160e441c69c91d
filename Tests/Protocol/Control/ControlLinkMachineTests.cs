using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Control;

public class ControlLinkMachineTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    [Fact]
    public void Send_Requests_CountUpByOne()
    {
        var (edge, _) = Linked();
        var first = Bundle();
        var second = Bundle();
        Assert.Equal(Reason.None, edge.Send(first, TimeSpan.Zero, Timeout));
        Assert.Equal(Reason.None, edge.Send(second, TimeSpan.Zero, Timeout));
        Assert.Equal([2ul, 3ul], [first.Id, second.Id]);
    }

    [Fact]
    public void Send_BeforeLinked_IsNoSilo()
    {
        var edge = new ControlLinkMachine(ControlSide.Edge);
        Assert.Equal(Reason.NoSilo, edge.Send(Bundle(), TimeSpan.Zero, Timeout));
        Assert.Equal(Reason.None, edge.Send(Start(), TimeSpan.Zero, Timeout));
        Assert.Equal(Reason.NoSilo, edge.Send(Bundle(), TimeSpan.Zero, Timeout));
        Assert.Equal(Reason.UnexpectedFrame, edge.Send(Start(), TimeSpan.Zero, Timeout));
        Assert.Equal(Reason.NoSilo, new ControlLinkMachine(ControlSide.Silo).Send(EndOrder(), TimeSpan.Zero, Timeout));
    }

    [Fact]
    public void Send_OtherSidesRequest_IsUnexpectedFrame()
    {
        var (edge, silo) = Linked();
        Assert.Equal(Reason.UnexpectedFrame, edge.Send(EndOrder(), TimeSpan.Zero, Timeout));
        Assert.Equal(Reason.UnexpectedFrame, silo.Send(Bundle(), TimeSpan.Zero, Timeout));
    }

    [Fact]
    public void Send_AtTheBound_IsOverloaded_AndFreeAfterAnAnswer()
    {
        var (edge, silo) = Linked();
        for (var i = 0; i < ControlLinkLimits.MaxOutstanding; i++)
        {
            Assert.Equal(Reason.None, edge.Send(Bundle(), TimeSpan.Zero, Timeout));
        }

        Assert.Equal(Reason.Overloaded, edge.Send(Bundle(), TimeSpan.Zero, Timeout));
        Assert.Equal(1, edge.OverloadedCount);
        Assert.Equal(ControlArrivalKind.Complete, edge.OnAnswer(Bytes(new ControlAnswer { Id = 2, TenantBundle = new() })).Kind);
        var next = Bundle();
        Assert.Equal(Reason.None, edge.Send(next, TimeSpan.Zero, Timeout));
        Assert.Equal((ulong)ControlLinkLimits.MaxOutstanding + 2, next.Id);
        Assert.Equal(0, silo.ToAnswerCount);
    }

    [Theory]
    [InlineData(0, Reason.None)]
    [InlineData(1, Reason.FrameTooLong)]
    public void Send_AtTheFrameLimit_IsJudgedWithItsId(int extraBytes, Reason expected)
    {
        var (edge, _) = Linked();
        var request = new ControlRequest { Id = 2, Enrol = new EnrolDevice { Enrol = ByteString.CopyFrom(new byte[16_500]) } };
        var room = ControlLinkLimits.MaxBodyBytes - request.CalculateSize();
        request.Enrol.Enrol = ByteString.CopyFrom(new byte[16_500 + room + extraBytes]);
        Assert.Equal(ControlLinkLimits.MaxBodyBytes + extraBytes, request.CalculateSize());
        Assert.Equal(expected, edge.Send(request, TimeSpan.Zero, Timeout));
        Assert.Equal(expected == Reason.None ? 1 : 0, edge.AskedCount);
    }

    [Fact]
    public void OnRequest_AtTheBound_IsRefusedOverloaded_AndTheLinkGoesOn()
    {
        var (_, silo) = Linked();
        for (ulong id = 2; id < 2 + ControlLinkLimits.MaxOutstanding; id++)
        {
            Assert.Equal(ControlArrivalKind.Handle, silo.OnRequest(Bytes(WithId(Bundle(), id))).Kind);
        }

        var over = silo.OnRequest(Bytes(WithId(Bundle(), 2 + ControlLinkLimits.MaxOutstanding)));
        Assert.Equal(ControlArrivalKind.Refuse, over.Kind);
        Assert.Equal((uint)Reason.Overloaded, over.Answer!.Reason);
        Assert.True(silo.TryFinish(2, Reason.None));
        Assert.False(silo.TryFinish(2, Reason.None));
        Assert.Equal(ControlArrivalKind.Handle, silo.OnRequest(Bytes(WithId(Bundle(), 3 + ControlLinkLimits.MaxOutstanding))).Kind);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    [InlineData(3ul)]
    [InlineData(ulong.MaxValue)]
    public void OnRequest_NotTheNextId_ClosesMalformed(ulong id)
    {
        var (_, silo) = Linked();
        Assert.Equal(Reason.MalformedFrame, silo.OnRequest(Bytes(WithId(Bundle(), id))).Reason);
    }

    [Fact]
    public void OnRequest_BeforeLinkStart_ClosesUnexpected()
    {
        var silo = new ControlLinkMachine(ControlSide.Silo);
        Assert.Equal(Reason.UnexpectedFrame, silo.OnRequest(Bytes(WithId(Bundle(), 1))).Reason);
    }

    [Fact]
    public void OnRequest_BetweenLinkStartAndItsAnswer_ClosesUnexpected()
    {
        var silo = new ControlLinkMachine(ControlSide.Silo);
        Assert.Equal(ControlArrivalKind.Handle, silo.OnRequest(Bytes(WithId(Start(), 1))).Kind);
        Assert.Equal(Reason.UnexpectedFrame, silo.OnRequest(Bytes(WithId(Bundle(), 2))).Reason);
    }

    [Fact]
    public void OnRequest_SecondLinkStart_ClosesUnexpected()
    {
        var (_, silo) = Linked();
        Assert.Equal(Reason.UnexpectedFrame, silo.OnRequest(Bytes(WithId(Start(), 2))).Reason);
    }

    [Fact]
    public void OnRequest_RequestOfTheWrongDirection_ClosesUnexpected()
    {
        var (edge, silo) = Linked();
        Assert.Equal(Reason.UnexpectedFrame, silo.OnRequest(Bytes(WithId(EndOrder(), 2))).Reason);
        Assert.Equal(Reason.UnexpectedFrame, edge.OnRequest(Bytes(WithId(Bundle(), 1))).Reason);
    }

    [Fact]
    public void OnRequest_BodyOfALaterVersion_IsRefusedAndTheLinkGoesOn()
    {
        var (_, silo) = Linked();
        var arrival = silo.OnRequest(Bytes(new ControlRequest { Id = 2 }));
        Assert.Equal(ControlArrivalKind.Refuse, arrival.Kind);
        Assert.Equal((uint)Reason.UnsupportedVersion, arrival.Answer!.Reason);
        Assert.Equal(2ul, arrival.Answer.Id);
        Assert.Equal(ControlArrivalKind.Handle, silo.OnRequest(Bytes(WithId(Bundle(), 3))).Kind);
    }

    [Fact]
    public void TryFinish_LinkStartRefused_LeavesTheLinkUnlinked()
    {
        var silo = new ControlLinkMachine(ControlSide.Silo);
        silo.OnRequest(Bytes(WithId(Start(), 1)));
        Assert.True(silo.TryFinish(1, Reason.NotPermitted));
        Assert.Equal(ControlLinkState.Starting, silo.State);
    }

    [Fact]
    public void OnAnswer_UnknownId_IsIgnoredAndCounted()
    {
        var (edge, _) = Linked();
        Assert.Equal(ControlArrivalKind.Ignore, edge.OnAnswer(Bytes(new ControlAnswer { Id = 99, TenantBundle = new() })).Kind);
        Assert.Equal(1, edge.IgnoredAnswerCount);
        Assert.Equal(ControlLinkState.Linked, edge.State);
    }

    [Fact]
    public void OnAnswer_OfAnotherKind_ClosesMalformed()
    {
        var (edge, _) = Linked();
        edge.Send(Bundle(), TimeSpan.Zero, Timeout);
        Assert.Equal(Reason.MalformedFrame, edge.OnAnswer(Bytes(new ControlAnswer { Id = 2, Located = new() })).Reason);
    }

    [Fact]
    public void OnAnswer_SuccessWithoutItsBody_ClosesMalformed()
    {
        var (edge, _) = Linked();
        edge.Send(Bundle(), TimeSpan.Zero, Timeout);
        Assert.Equal(Reason.MalformedFrame, edge.OnAnswer(Bytes(new ControlAnswer { Id = 2 })).Reason);
    }

    [Theory]
    [InlineData(FrameLimits.MaxDetailCharacters, ControlArrivalKind.Complete)]
    [InlineData(FrameLimits.MaxDetailCharacters + 1, ControlArrivalKind.Close)]
    public void OnAnswer_DetailAtTheLimit_IsJudged(int characters, ControlArrivalKind expected)
    {
        var (edge, _) = Linked();
        edge.Send(Bundle(), TimeSpan.Zero, Timeout);
        var answer = new ControlAnswer { Id = 2, Reason = (uint)Reason.UnknownTenant, Detail = new string('x', characters) };
        Assert.Equal(expected, edge.OnAnswer(Bytes(answer)).Kind);
    }

    [Fact]
    public void Expire_AtTheDeadline_GivesUpThatRequestOnly_AndItsAnswerIsIgnored()
    {
        var (edge, _) = Linked();
        var now = TimeSpan.FromSeconds(100);
        edge.Send(Bundle(), now, TimeSpan.FromSeconds(5));
        edge.Send(Bundle(), now, TimeSpan.FromSeconds(2));
        Assert.Equal(now + TimeSpan.FromSeconds(2), edge.NextDeadline);
        List<ulong> expired = [];
        edge.Expire(now + TimeSpan.FromSeconds(2) - TimeSpan.FromTicks(1), expired);
        Assert.Empty(expired);
        edge.Expire(now + TimeSpan.FromSeconds(2), expired);
        Assert.Equal([3ul], expired);
        Assert.Equal(1, edge.TimedOutCount);
        Assert.Equal(now + TimeSpan.FromSeconds(5), edge.NextDeadline);
        Assert.Equal(ControlArrivalKind.Ignore, edge.OnAnswer(Bytes(new ControlAnswer { Id = 3, TenantBundle = new() })).Kind);
    }

    [Fact]
    public void End_FailsEverythingInOrder_AndTheFirstReasonStays()
    {
        var (edge, _) = Linked();
        edge.Send(Bundle(), TimeSpan.Zero, TimeSpan.FromSeconds(9));
        edge.Send(Bundle(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        List<ulong> failed = [];
        edge.End(Reason.KeepAliveTimeout, failed);
        edge.End(Reason.Draining, failed);
        Assert.Equal([2ul, 3ul], failed);
        Assert.Equal(Reason.KeepAliveTimeout, edge.EndReason);
        Assert.Equal(Reason.KeepAliveTimeout, edge.Send(Bundle(), TimeSpan.Zero, Timeout));
        Assert.Equal(ControlArrivalKind.Ignore, edge.OnRequest(Bytes(WithId(EndOrder(), 1))).Kind);
        Assert.Null(edge.NextDeadline);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void OnAnyBytes_NeverThrows_AndStaysBounded(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var side = random.Next(2) == 0 ? ControlSide.Edge : ControlSide.Silo;
            var (edge, silo) = Linked();
            var machine = side == ControlSide.Edge ? edge : silo;
            for (var step = 0; step < 50; step++)
            {
                var bytes = random.Next(3) switch
                {
                    0 => RandomBytes(random),
                    1 => Mutate(random, WithId(side == ControlSide.Edge ? EndOrder() : Bundle(), (ulong)random.Next(6)).ToByteArray()),
                    _ => Mutate(random, new ControlAnswer { Id = (ulong)random.Next(6), Located = new() }.ToByteArray()),
                };
                var payload = new ReadOnlySequence<byte>(bytes);
                var arrival = random.Next(2) == 0 ? machine.OnRequest(payload) : machine.OnAnswer(payload);
                Assert.True(
                    arrival.Kind == ControlArrivalKind.Close == (arrival.Reason != Reason.None),
                    $"seed {seed} round {round} step {step}: {arrival.Kind} with {arrival.Reason}");
                Assert.True(machine.ToAnswerCount <= step + 1, $"seed {seed} round {round} step {step}");
            }
        }
    }

    /// <summary>Random orders on a pair: every request ends exactly once, by its answer, its deadline or the link's end.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void RandomRun_EveryRequestEndsOnce(int seed)
    {
        var random = new Random(seed);
        var (edge, silo) = Linked();
        var now = TimeSpan.Zero;
        HashSet<ulong> open = [];
        List<ulong> toAnswer = [];
        for (var step = 0; step < 2_000; step++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(200));
            var choice = random.Next(10);
            List<ulong> ended = [];
            if (choice < 4)
            {
                var request = Bundle();
                Assert.Equal(Reason.None, edge.Send(request, now, TimeSpan.FromMilliseconds(random.Next(1, 3_000))));
                Assert.True(open.Add(request.Id));
                Assert.Equal(ControlArrivalKind.Handle, silo.OnRequest(Bytes(request)).Kind);
                toAnswer.Add(request.Id);
            }
            else if (choice < 8 && toAnswer.Count > 0)
            {
                var id = toAnswer[random.Next(toAnswer.Count)];
                toAnswer.Remove(id);
                Assert.True(silo.TryFinish(id, Reason.None));
                if (edge.OnAnswer(Bytes(new ControlAnswer { Id = id, TenantBundle = new() })).Kind == ControlArrivalKind.Complete)
                {
                    ended.Add(id);
                }
            }
            else
            {
                edge.Expire(now, ended);
            }

            Assert.All(ended, id => Assert.True(open.Remove(id), $"seed {seed} step {step}: {id} ended twice"));
            Assert.Equal(open.Count, edge.AskedCount);
        }

        List<ulong> rest = [];
        edge.End(Reason.ConnectionLost, rest);
        Assert.Equal(open.Order(), rest);
    }

    private static (ControlLinkMachine Edge, ControlLinkMachine Silo) Linked()
    {
        var edge = new ControlLinkMachine(ControlSide.Edge);
        var silo = new ControlLinkMachine(ControlSide.Silo);
        var start = Start();
        Assert.Equal(Reason.None, edge.Send(start, TimeSpan.Zero, Timeout));
        Assert.Equal(ControlArrivalKind.Handle, silo.OnRequest(Bytes(start)).Kind);
        Assert.True(silo.TryFinish(start.Id, Reason.None));
        Assert.Equal(ControlArrivalKind.Complete, edge.OnAnswer(Bytes(new ControlAnswer { Id = 1, LinkStarted = new() })).Kind);
        Assert.Equal(ControlLinkState.Linked, edge.State);
        Assert.Equal(ControlLinkState.Linked, silo.State);
        return (edge, silo);
    }

    private static ControlRequest Start() => new() { LinkStart = new LinkStart { Version = 1 } };

    private static ControlRequest Bundle() => new() { TenantBundle = new TenantBundleRequest() };

    private static ControlRequest EndOrder() => new() { EndTunnel = new EndTunnel { LeaseId = "t/d/1" } };

    private static ControlRequest WithId(ControlRequest request, ulong id)
    {
        request.Id = id;
        return request;
    }

    private static ReadOnlySequence<byte> Bytes(IMessage message) => new(message.ToByteArray());

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(64)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        if (bytes.Length > 0 && random.Next(2) == 0)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }
}
