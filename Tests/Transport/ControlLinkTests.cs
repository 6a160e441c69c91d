using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport.Control;
using Xunit;

namespace OrleansUem.Tests.Transport;

public class ControlLinkTests
{
    private static readonly TimeSpan Safety = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task RequestAsync_Answered_GivesTheAnswer()
    {
        var pair = await LinkedAsync(request => new ControlAnswer { TenantBundle = new TenantBundle { LifetimeSeconds = 7 } });
        var answer = await pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() }).WaitAsync(Safety);
        Assert.Equal(7u, answer.TenantBundle.LifetimeSeconds);
    }

    [Fact]
    public async Task RequestAsync_NotAnswered_TimesOut_AndTheLinkGoesOn()
    {
        var never = new TaskCompletionSource<ControlAnswer>();
        var pair = await LinkedAsync(request => null, never.Task);
        var waiting = pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() });
        _time.Advance(ControlLinkLimits.RequestTimeout - TimeSpan.FromMilliseconds(1));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(3));
        var answer = await waiting.WaitAsync(Safety);
        Assert.Equal((uint)Reason.ControlTimeout, answer.Reason);
        Assert.True(pair.Edge.IsLinked);
    }

    [Fact]
    public async Task RequestAsync_ShorterTimeoutAfterALongerOne_FiresFirst()
    {
        var pair = await LinkedAsync(request => null, new TaskCompletionSource<ControlAnswer>().Task);
        var longer = pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() }, TimeSpan.FromSeconds(60));
        var shorter = pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() }, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal((uint)Reason.ControlTimeout, (await shorter.WaitAsync(Safety)).Reason);
        Assert.False(longer.IsCompleted);
    }

    [Fact]
    public async Task RequestAsync_HandlerThrows_IsInternalErrorAndReported()
    {
        var pair = await LinkedAsync(request => throw new InvalidOperationException("broken"));
        var answer = await pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() }).WaitAsync(Safety);
        Assert.Equal((uint)Reason.InternalError, answer.Reason);
        Assert.Equal("broken", Assert.Single(pair.SiloHandler.Faults).Message);
        Assert.True(pair.Edge.IsLinked);
    }

    [Fact]
    public async Task RequestAsync_AnswerTooLong_IsInternalError()
    {
        var pair = await LinkedAsync(request => new ControlAnswer
        {
            TenantBundle = new TenantBundle { Roots = { ByteString.CopyFrom(new byte[FrameLimits.MaxPayloadBytes]) } },
        });
        var answer = await pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() }).WaitAsync(Safety);
        Assert.Equal((uint)Reason.InternalError, answer.Reason);
    }

    [Fact]
    public async Task End_FailsWaitingRequests_AndCancelsHandlers()
    {
        var never = new TaskCompletionSource<ControlAnswer>();
        var pair = await LinkedAsync(request => null, never.Task);
        var waiting = pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() });
        pair.Edge.End(Reason.KeepAliveTimeout);
        pair.Edge.End(Reason.Draining);
        Assert.Equal((uint)Reason.KeepAliveTimeout, (await waiting.WaitAsync(Safety)).Reason);
        Assert.True(pair.Edge.Ended.IsCancellationRequested);
        Assert.Equal((uint)Reason.KeepAliveTimeout, (await pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() })).Reason);
        pair.Edge.Dispose();
        pair.Edge.End(Reason.Draining);
    }

    [Fact]
    public async Task RequestAsync_FromManyThreads_NumbersGoUpOnTheWire()
    {
        var pair = await LinkedAsync(request => new ControlAnswer { TenantBundle = new() });
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                var answer = await pair.Edge.RequestAsync(new ControlRequest { TenantBundle = new() });
                Assert.Equal(0u, answer.Reason);
            }

            return true;
        }))).WaitAsync(Safety);
        Assert.All(answers, Assert.True);
        Assert.True(pair.Edge.IsLinked);
    }

    [Fact]
    public void OnFrame_OtherFrameType_IsUnexpected()
    {
        var handler = new Handler(_ => null, null);
        using var link = new ControlLink(ControlSide.Edge, (_, _) => true, handler, _time);
        Assert.Equal(Reason.UnexpectedFrame, link.OnFrame(FrameType.Attach, ReadOnlySequence<byte>.Empty));
    }

    private async Task<Pair> LinkedAsync(Func<ControlRequest, ControlAnswer?> answer, Task<ControlAnswer>? otherwise = null)
    {
        var pair = new Pair(_time, answer, otherwise);
        var started = await pair.Edge.RequestAsync(new ControlRequest { LinkStart = new LinkStart { Version = 1 } }).WaitAsync(Safety);
        Assert.Equal(0u, started.Reason);
        return pair;
    }

    private sealed class Handler(Func<ControlRequest, ControlAnswer?> answer, Task<ControlAnswer>? otherwise) : IControlRequestHandler
    {
        public List<Exception> Faults { get; } = [];

        public Task<ControlAnswer> HandleAsync(ControlRequest request, CancellationToken ended) =>
            request.BodyCase == ControlRequest.BodyOneofCase.LinkStart
                ? Task.FromResult(new ControlAnswer { LinkStarted = new LinkStarted() })
                : answer(request) is { } now ? Task.FromResult(now) : otherwise!;

        public void OnFault(Exception fault) => Faults.Add(fault);
    }

    // Two links back to back; each frame is encoded and decoded.
    private sealed class Pair
    {
        public Pair(TimeProvider time, Func<ControlRequest, ControlAnswer?> answer, Task<ControlAnswer>? otherwise)
        {
            SiloHandler = new Handler(answer, otherwise);
            ControlLink? edge = null;
            ControlLink? silo = null;
            edge = new ControlLink(ControlSide.Edge, (type, body) => Deliver(silo!, type, body), new Handler(_ => null, null), time);
            silo = new ControlLink(ControlSide.Silo, (type, body) => Deliver(edge, type, body), SiloHandler, time);
            Edge = edge;
        }

        public ControlLink Edge { get; }

        public Handler SiloHandler { get; }

        private static bool Deliver(ControlLink to, FrameType type, IMessage body)
        {
            Assert.Equal(Reason.None, to.OnFrame(type, new ReadOnlySequence<byte>(body.ToByteArray())));
            return true;
        }
    }
}
