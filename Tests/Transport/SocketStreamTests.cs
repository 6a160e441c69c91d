using System.Net;
using System.Net.Sockets;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

/// <summary>A pair of sockets on loopback.</summary>
public sealed class SocketStreamTests : IDisposable
{
    private readonly Socket _far;
    private readonly SocketStream _stream;

    public SocketStreamTests()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _far.Connect(listener.LocalEndPoint!);
        _stream = new SocketStream(listener.Accept());
    }

    [Fact]
    public async Task Write_MoreThanTheKernelTakes_AllArrivesInOrder()
    {
        var bytes = new byte[16 * 1024 * 1024];
        new Random(7).NextBytes(bytes);

        var writing = _stream.WriteAsync(bytes).AsTask();
        Assert.False(writing.IsCompleted, "The kernel took it all: the test needs more bytes.");
        var got = new byte[bytes.Length];
        using var reader = new NetworkStream(_far);
        await reader.ReadExactlyAsync(got).AsTask().WithinAsync("everything arrived");
        await writing.WithinAsync("everything is written");

        Assert.True(bytes.AsSpan().SequenceEqual(got));
    }

    [Fact]
    public void Write_WhatTheKernelTakes_IsDoneAtOnce() => Assert.True(_stream.WriteAsync(new byte[100]).AsTask().IsCompletedSuccessfully);

    [Fact]
    public async Task Read_WithoutABuffer_WaitsForBytes()
    {
        var waiting = _stream.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(waiting.IsCompleted);

        await _far.SendAsync(new byte[] { 1, 2, 3 });
        Assert.Equal(0, await waiting.WithinAsync("bytes are there"));
        Assert.Equal(3, await _stream.ReadAsync(new byte[10]));
    }

    [Fact]
    public async Task Read_GivenUp_Ends()
    {
        using var stop = new CancellationTokenSource();
        var waiting = _stream.ReadAsync(Memory<byte>.Empty, stop.Token).AsTask();

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WithinAsync("the read is given up"));
    }

    [Fact]
    public async Task Write_AfterItIsDisposed_Fails()
    {
        await _stream.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await _stream.WriteAsync(new byte[1]));
        Assert.Equal(0, await _far.ReceiveAsync(new byte[1]));
    }

    public void Dispose()
    {
        _stream.Dispose();
        _far.Dispose();
    }
}
