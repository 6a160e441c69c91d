using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrleansUem.LoadTest.Web;

/// <summary>
/// The server behind the firewall in demonstrations, end-to-end tests and measurements: <c>/</c> is a page, <c>/bytes/N</c> the first N
/// bytes of <see cref="SampleBytes"/>, <c>/sha256/N</c> their hash; <c>POST /sink</c> takes any body and answers its length.
/// </summary>
public static class WebServer
{
    /// <summary>The largest N: 4 GiB.</summary>
    public const long MaxBytes = 4L << 30;

    /// <summary>The page at <c>/</c>. The word is what a blind relay must never see.</summary>
    public const string Page = """
        <!doctype html>
        <title>Intranet</title>
        <h1>Intranet of Example Org</h1>
        <p>This page lives behind the firewall. If you can read it, the tunnel works. Word of the day: wombat-quartz-lantern.</p>

        """;

    /// <summary>Serves until cancelled.</summary>
    /// <param name="endPoint">Where to listen.</param>
    /// <param name="onReady">Called once the socket listens, with the real port.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>A task that ends after the stop.</returns>
    public static async Task RunAsync(IPEndPoint endPoint, Action<IPEndPoint> onReady, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(onReady);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = MaxBytes;
            kestrel.Listen(endPoint);
        });
        await using var app = builder.Build();
        app.MapGet("/", () => Results.Content(Page, "text/html; charset=utf-8"));
        app.MapGet("/bytes/{count:long}", WriteBytesAsync);
        app.MapGet("/sha256/{count:long}", (long count) => IsAllowed(count) ? Results.Text(SampleBytes.Sha256(count)) : TooMany(count));
        app.MapPost("/sink", (Delegate)CountBytesAsync);
        await app.StartAsync(cancellationToken);
        onReady(new IPEndPoint(endPoint.Address, new Uri(app.Urls.First()).Port));
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Expected: that is how it is stopped.
        }

        await app.StopAsync(CancellationToken.None);
    }

    private static bool IsAllowed(long count) => count is >= 0 and <= MaxBytes;

    private static IResult TooMany(long count) => Results.BadRequest(
        string.Create(CultureInfo.InvariantCulture, $"{count} is not in 0..{MaxBytes}"));

    private static async Task WriteBytesAsync(HttpContext context, long count)
    {
        if (!IsAllowed(count))
        {
            await TooMany(count).ExecuteAsync(context);
            return;
        }

        context.Response.ContentLength = count;
        context.Response.ContentType = "application/octet-stream";
        var sample = new SampleBytes();
        var block = new byte[SampleBytes.BlockBytes];
        for (var rest = count; rest > 0; rest -= block.Length)
        {
            var take = (int)Math.Min(rest, block.Length);
            sample.Fill(block.AsSpan(0, take));
            await context.Response.Body.WriteAsync(block.AsMemory(0, take), context.RequestAborted);
        }
    }

    private static async Task<IResult> CountBytesAsync(HttpContext context)
    {
        var block = new byte[SampleBytes.BlockBytes];
        long total = 0;
        for (int read; (read = await context.Request.Body.ReadAsync(block, context.RequestAborted)) > 0;)
        {
            total += read;
        }

        return Results.Text(total.ToString(CultureInfo.InvariantCulture));
    }
}
