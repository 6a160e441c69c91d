using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Device.Names;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

/// <summary>The stub between real sockets on loopback.</summary>
public sealed class StubForwarderTests : IAsyncDisposable
{
    private readonly List<IDisposable> _servers = [];
    private readonly List<StubForwarder> _stubs = [];

    public async ValueTask DisposeAsync()
    {
        _servers.ForEach(server => server.Dispose());
        foreach (var stub in _stubs)
        {
            await stub.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Questions_ByDomain_ReachTheirServerAndNoOther(bool isTcp)
    {
        var tunnel = Serve(question => NameServerDouble.Answer(question, 0, 1));
        var machine = Serve(question => NameServerDouble.Answer(question, 3, 2));
        var stub = Open(new NameRoutes(WorkDomains.Of(["corp.example"]), [tunnel.Address], [machine.Address]));

        var work = await AskAsync(stub, Question(7, "Web.corp.example"), isTcp);
        Assert.Equal(1, work[^1]);
        Assert.Equal(7, work[1]);
        var other = await AskAsync(stub, Question(8, "notcorp.example"), isTcp);
        Assert.Equal(2, other[^1]);
        Assert.Equal(3, DnsMessage.ResponseCode(other));
        Assert.Equal("Web.corp.example", Assert.Single(tunnel.Asked));
        Assert.Equal("notcorp.example", Assert.Single(machine.Asked));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WorkName_WithoutTunnel_FailsAndIsAskedNowhere(bool isTcp)
    {
        var machine = Serve(question => NameServerDouble.Answer(question, 0, 2));
        var stub = Open(new NameRoutes(WorkDomains.Of(["corp.example"]), [], [machine.Address]));
        var answer = await AskAsync(stub, Question(9, "web.corp.example"), isTcp);
        Assert.Equal(DnsMessage.ServerFailure, DnsMessage.ResponseCode(answer));
        Assert.Empty(machine.Asked);
        Assert.Equal(1, stub.Drops[DropReason.NoTunnel]);
    }

    [Fact]
    public async Task Server_ThatRefusesOrIsNotThere_IsPassedOverAndRemembered()
    {
        var refuses = Serve(question => NameServerDouble.Answer(question, 5, 1));
        var works = Serve(question => NameServerDouble.Answer(question, 0, 2));
        var stub = Open(new NameRoutes(WorkDomains.None, [], [NobodyAt(), refuses.Address, works.Address]));
        Assert.Equal(2, (await AskAsync(stub, Question(1, "a.example"), isTcp: false))[^1]);
        Assert.Equal(2, (await AskAsync(stub, Question(2, "b.example"), isTcp: false))[^1]);
        Assert.Equal("a.example", Assert.Single(refuses.Asked));
    }

    [Fact]
    public async Task Refusal_OfTheOnlyServer_IsGivenBackAsItIs()
    {
        var refuses = Serve(question => NameServerDouble.Answer(question, 5, 1));
        var stub = Open(new NameRoutes(WorkDomains.None, [], [refuses.Address]));
        var answer = await AskAsync(stub, Question(1, "a.example"), isTcp: false);
        Assert.Equal(5, DnsMessage.ResponseCode(answer));
        Assert.Equal(1, answer[^1]);
    }

    [Fact]
    public async Task Server_ThatIsSilent_IsGivenUpAfterItsTime()
    {
        var time = new ManualTimeProvider();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var silent = Serve(_ =>
        {
            asked.TrySetResult();
            return null;
        });
        var works = Serve(question => NameServerDouble.Answer(question, 0, 2));
        var stub = Open(new NameRoutes(WorkDomains.None, [], [silent.Address, works.Address]), time);
        var answer = AskAsync(stub, Question(1, "a.example"), isTcp: false);
        await asked.Task.WithinAsync("the silent server is asked");
        time.Advance(NameServerClient.AnswerTimeout);
        Assert.Equal(2, (await answer.WithinAsync("the second server's answer"))[^1]);
    }

    [Fact]
    public async Task Answer_OfAnotherQuestion_IsNotHeard()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var forges = Serve(question =>
        {
            var other = NameServerDouble.Answer(question, 0, 1);
            other[1] ^= 0xff;
            asked.TrySetResult();
            return other;
        });
        var works = Serve(question => NameServerDouble.Answer(question, 0, 3));
        var time = new ManualTimeProvider();
        var stub = Open(new NameRoutes(WorkDomains.None, [], [forges.Address, works.Address]), time);
        var answer = AskAsync(stub, Question(1, "a.example"), isTcp: false);
        await asked.Task.WithinAsync("the forger is asked");
        time.Advance(NameServerClient.AnswerTimeout);
        Assert.Equal(3, (await answer.WithinAsync("an honest answer"))[^1]);
    }

    [Fact]
    public async Task Bytes_ThatAreNoQuestion_AreCountedAndNotAnswered()
    {
        var machine = Serve(question => NameServerDouble.Answer(question, 0, 2));
        var stub = Open(new NameRoutes(WorkDomains.None, [], [machine.Address]));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(stub.Address);
        await socket.SendAsync(new byte[5]);
        await socket.SendAsync(Question(4, "a.example"));
        var buffer = new byte[512];
        var bytes = await socket.ReceiveAsync(buffer).WithinAsync("the answer to the second");
        Assert.Equal(4, buffer[1]);
        Assert.Equal(2, buffer[bytes - 1]);
        Assert.Equal(1, stub.Drops[DropReason.MalformedDatagram]);
    }

    private static byte[] Question(byte id, string name)
    {
        byte[] labels = [.. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0];
        return [0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. labels, 0, 1, 0, 1];
    }

    private static async Task<byte[]> AskAsync(StubForwarder stub, byte[] question, bool isTcp)
    {
        using var socket = isTcp
            ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(stub.Address);
        if (isTcp)
        {
            await DnsStream.WriteAsync(socket, question, CancellationToken.None);
            return (await DnsStream.ReadAsync(socket, CancellationToken.None).WithinAsync("an answer over TCP"))!;
        }

        await socket.SendAsync(question);
        var buffer = new byte[512];
        return buffer[..await socket.ReceiveAsync(buffer).WithinAsync("an answer over UDP")];
    }

    private NameServerDouble Serve(Func<byte[], byte[]?> answer)
    {
        var server = new NameServerDouble(answer);
        _servers.Add(server);
        return server;
    }

    // A port that was free a moment ago.
    private static IPEndPoint NobodyAt()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    private StubForwarder Open(NameRoutes routes, TimeProvider? time = null)
    {
        var stub = StubForwarder.Open(new IPEndPoint(IPAddress.Loopback, 0), routes, time ?? TimeProvider.System, NullLogger.Instance);
        _stubs.Add(stub);
        return stub;
    }
}
