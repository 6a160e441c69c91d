using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>The edge's TLS as other people's programs see it: openssl s_client, and sslscan's opinion.</summary>
[Trait("Category", "E2E")]
public sealed class EdgeTlsProgramTests : IDisposable
{
    private readonly CancellationTokenSource _safety = new(TimeSpan.FromSeconds(90));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("uem-tls-");

    public void Dispose()
    {
        _safety.Dispose();
        _folder.Delete(recursive: true);
    }

    [RequiresTheory(Requirement.None, "openssl")]
    [InlineData(true, "-tls1_3", "TLSv1.3", "TLS_AES_128_GCM_SHA256")]
    [InlineData(true, "-tls1_2", "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")]
    [InlineData(false, "-tls1_3", "TLSv1.3", "TLS_AES_128_GCM_SHA256")]
    [InlineData(false, "-tls1_2", "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")]
    public async Task SClient_EitherVersion_IsGreetedAndToldThatItsCertificateIsMissing(bool isDevice, string version, string expected, string suite)
    {
        await using var edge = await EdgeFixture.StartAsync();

        var (frames, _) = await RunAsync(edge, isDevice, $"{version} -alpn {(isDevice ? Alpn.Device : Alpn.Node)}", []);

        Assert.Equal(Reason.CertificateMissing, ReasonOf(frames));
        Assert.Equal("edge-1", Hello.Parser.ParseFrom(frames[0].Payload).ServerName);
        var report = await ReportAsync(edge, isDevice, $"{version} -alpn {(isDevice ? Alpn.Device : Alpn.Node)}");
        Assert.Contains(expected, report, StringComparison.Ordinal);
        Assert.Contains(suite, report, StringComparison.Ordinal);
        Assert.Contains("ALPN protocol: " + (isDevice ? Alpn.Device : Alpn.Node), report, StringComparison.Ordinal);
        Assert.Contains("Compression: NONE", report, StringComparison.Ordinal);
    }

    [RequiresTheory(Requirement.None, "openssl")]
    [InlineData("-alpn http/1.1", "no application protocol")]
    [InlineData("-alpn " + Alpn.Node, "no application protocol")]
    [InlineData("", "")]
    public async Task SClient_WrongOrNoAlpnOnTheDevicePort_IsRefusedAndCounted(string arguments, string alert)
    {
        await using var edge = await EdgeFixture.StartAsync();

        var (frames, log) = await RunAsync(edge, isDevice: true, arguments, []);

        Assert.Empty(frames);
        Assert.Contains(alert, log, StringComparison.Ordinal);
        await UntilRefusedAsync(edge, Reason.UnsupportedAlpn);
    }

    [RequiresTheory(Requirement.None, "openssl")]
    [InlineData("-tls1_1 -cipher DEFAULT@SECLEVEL=0")]
    [InlineData("-tls1 -cipher DEFAULT@SECLEVEL=0")]
    [InlineData("-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305")]
    [InlineData("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256")]
    [InlineData("-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384")]
    [InlineData("-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256")]
    public async Task SClient_OldVersionOrOtherSuite_IsRefusedAndCounted(string arguments)
    {
        await using var edge = await EdgeFixture.StartAsync();

        var (frames, log) = await RunAsync(edge, isDevice: true, $"{arguments} -alpn {Alpn.Device}", []);

        Assert.Empty(frames);
        Assert.Matches("alert (protocol version|handshake failure)", log);
        await UntilRefusedAsync(edge, Reason.HandshakeFailed);
    }

    /// <summary>A handshake takes any certificate; the session then says what is wrong with it.</summary>
    [RequiresTheory(Requirement.None, "openssl")]
    [InlineData("right", Reason.None)]
    [InlineData("expired", Reason.CertificateExpired)]
    [InlineData("unknown tenant", Reason.UnknownTenant)]
    [InlineData("wrong role", Reason.CertificateWrongRole)]
    [InlineData("self-signed", Reason.CertificateMalformed)]
    [InlineData("rsa", Reason.CertificateMalformed)]
    public async Task SClient_AttachWithACertificate_IsJudged(string kind, Reason expected)
    {
        await using var edge = await EdgeFixture.StartAsync();
        using var stranger = new TestAuthority("Stranger");
        var own = edge.IssueWith(kind, stranger);
        using var foreign = kind switch
        {
            "self-signed" => SelfSigned(),
            "rsa" => Rsa(),
            _ => null,
        };
        WritePem(foreign ?? own.Certificate);
        var attach = AttachClaims.Create(own, new byte[TenantTags.TagBytes], new EdgeId("edge-1"), 1, edge.Time.GetUtcNow(), "s_client");
        attach.Certificate = ByteString.CopyFrom((foreign ?? own.Certificate).RawData);

        var (frames, _) = await RunAsync(
            edge, isDevice: true, $"-alpn {Alpn.Device} -cert {_folder}/own.crt -key {_folder}/own.key",
            Frame(FrameType.Attach, attach), until: expected == Reason.None ? FrameType.Attached : null);

        Assert.Equal(FrameType.Hello, frames[0].Type);
        if (expected == Reason.None)
        {
            Assert.Equal(FrameType.Attached, frames[^1].Type);
        }
        else
        {
            Assert.Equal(expected, ReasonOf(frames));
            await UntilRefusedAsync(edge, expected);
        }
    }

    [RequiresTheory(Requirement.None, "sslscan")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SslScan_FindsOurSuitesAndNothingElse(bool isDevice)
    {
        await using var edge = await EdgeFixture.StartAsync();
        var port = (isDevice ? edge.Ready.DeviceEndPoints : edge.Ready.NodeEndPoints)[0].Port;
        var path = Path.Combine(_folder.FullName, "scan.xml");

        (await ProcessUnderTest.RunAsync(null, "sslscan", TimeSpan.FromSeconds(80), "sslscan", $"--xml={path}", "--no-colour", $"127.0.0.1:{port}")).EnsureSuccess();

        var scan = XDocument.Load(path).Descendants("ssltest").Single();
        string[] Values(string element, string attribute) =>
            [.. scan.Elements(element).Select(found => (string?)found.Attribute(attribute) ?? "").Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(
            ["ssl2 0", "ssl3 0", "tls1.0 0", "tls1.1 0", "tls1.2 1", "tls1.3 1"],
            scan.Elements("protocol").Select(found => $"{(string?)found.Attribute("type")}{(string?)found.Attribute("version")} {(string?)found.Attribute("enabled")}")
                .Order(StringComparer.Ordinal));
        Assert.Equal(
            ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"],
            Values("cipher", "cipher"));
        Assert.Equal(["0"], Values("renegotiation", "supported"));

        // Said only where the scanner's own library has compression to offer.
        Assert.DoesNotContain("1", Values("compression", "supported"));
        Assert.Equal(["0"], Values("heartbleed", "vulnerable"));
        Assert.All(scan.Elements("group"), group => Assert.True(int.Parse((string)group.Attribute("bits")!, System.Globalization.CultureInfo.InvariantCulture) >= 112, group.ToString()));
    }

    private static byte[] Frame(FrameType type, IMessage body)
    {
        var payload = body.ToByteArray();
        var frame = new byte[FrameLimits.HeaderBytes + payload.Length];
        new FrameHeader(type, FrameFlags.None, payload.Length, Channel.Session).Write(frame);
        payload.CopyTo(frame, FrameLimits.HeaderBytes);
        return frame;
    }

    private static Reason ReasonOf(IReadOnlyList<(FrameType Type, byte[] Payload)> frames)
    {
        Assert.Equal(FrameType.Close, frames[^1].Type);
        return (Reason)Close.Parser.ParseFrom(frames[^1].Payload).Reason;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=somebody", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(TestAuthority.Epoch, TestAuthority.Epoch.AddYears(1));
    }

    private static X509Certificate2 Rsa()
    {
        using var key = RSA.Create(2048);
        return new CertificateRequest("CN=somebody", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(TestAuthority.Epoch, TestAuthority.Epoch.AddYears(1));
    }

    // Counters have no events: they are looked at until they say so.
    private async Task UntilRefusedAsync(EdgeFixture edge, Reason reason)
    {
        while (edge.Server.Metrics.Refusals(reason) == 0)
        {
            Assert.False(_safety.IsCancellationRequested, $"{reason} was not counted");
            await Task.Yield();
        }
    }

    private void WritePem(X509Certificate2 certificate)
    {
        using var key = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey();
        File.WriteAllText(Path.Combine(_folder.FullName, "own.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder.FullName, "own.key"), key!.ExportPkcs8PrivateKeyPem());
    }

    private static ProcessStartInfo SClient(EdgeFixture edge, bool isDevice, string arguments) => new(
        CommandPath.Find("openssl")!,
        $"s_client -connect 127.0.0.1:{(isDevice ? edge.Ready.DeviceEndPoints : edge.Ready.NodeEndPoints)[0].Port} {arguments}")
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    /// <summary>Runs s_client as a bare pipe: frames in, frames out, until the edge hangs up or a frame came.</summary>
    private async Task<(List<(FrameType Type, byte[] Payload)> Frames, string Log)> RunAsync(
        EdgeFixture edge, bool isDevice, string arguments, byte[] input, FrameType? until = null)
    {
        using var process = Process.Start(SClient(edge, isDevice, arguments + " -quiet"))!;
        var errors = process.StandardError.ReadToEndAsync(_safety.Token);
        await process.StandardInput.BaseStream.WriteAsync(input, _safety.Token);
        await process.StandardInput.BaseStream.FlushAsync(_safety.Token);
        var frames = new List<(FrameType, byte[])>();
        var output = process.StandardOutput.BaseStream;
        var header = new byte[FrameLimits.HeaderBytes];
        while (await output.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, _safety.Token) == header.Length)
        {
            var read = FrameHeader.Read(header);
            var payload = new byte[read.PayloadBytes];
            await output.ReadExactlyAsync(payload, _safety.Token);
            frames.Add((read.Type, payload));
            if (read.Type == until)
            {
                process.Kill();
                break;
            }
        }

        await process.WaitForExitAsync(_safety.Token);
        return (frames, await errors);
    }

    /// <summary>What s_client tells of the handshake.</summary>
    private async Task<string> ReportAsync(EdgeFixture edge, bool isDevice, string arguments)
    {
        using var process = Process.Start(SClient(edge, isDevice, arguments))!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(_safety.Token);
        var output = await process.StandardOutput.ReadToEndAsync(_safety.Token);
        await process.WaitForExitAsync(_safety.Token);
        return output + await errors;
    }
}
