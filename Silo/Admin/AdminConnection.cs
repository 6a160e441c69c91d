using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Admin;

/// <summary>The admin API as methods, over a silo's Unix socket. Every method throws <see cref="AdminException"/> with one line for the operator.</summary>
public sealed class AdminConnection : IDisposable
{
    private readonly string _socketPath;
    private readonly HttpClient _http;

    /// <summary>Connects when it is first used.</summary>
    /// <param name="socketPath">The Unix socket.</param>
    public AdminConnection(string socketPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(socketPath);
        _socketPath = socketPath;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync })
        {
            BaseAddress = new Uri("http://silo/"),
            Timeout = TimeSpan.FromSeconds(60),
        };
    }

    /// <summary>Connects to the silo of a state directory.</summary>
    /// <param name="stateDirectory">The directory.</param>
    /// <returns>The connection.</returns>
    public static AdminConnection ToState(string stateDirectory) => new(SiloState.AdminSocketOf(stateDirectory));

    /// <summary>GET /v1/status.</summary>
    public Task<SiloStatus> GetStatusAsync(CancellationToken cancellationToken = default) => GetAsync<SiloStatus>("v1/status", cancellationToken);

    /// <summary>GET /v1/tenants.</summary>
    public Task<Page<TenantItem>> ListTenantsAsync(string? after = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync<Page<TenantItem>>(PageOf("v1/tenants", null, after, limit), cancellationToken);

    /// <summary>GET /v1/nodes.</summary>
    public Task<Page<PeerItem>> ListNodesAsync(
        string? tenant = null, string? after = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync<Page<PeerItem>>(PageOf("v1/nodes", tenant, after, limit), cancellationToken);

    /// <summary>GET /v1/devices.</summary>
    public Task<Page<PeerItem>> ListDevicesAsync(
        string? tenant = null, string? after = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync<Page<PeerItem>>(PageOf("v1/devices", tenant, after, limit), cancellationToken);

    /// <summary>GET /v1/tunnels.</summary>
    public Task<Page<TunnelItem>> ListTunnelsAsync(
        string? tenant = null, string? after = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync<Page<TunnelItem>>(PageOf("v1/tunnels", tenant, after, limit), cancellationToken);

    /// <summary>GET /v1/edges.</summary>
    public Task<Page<EdgeItem>> ListEdgesAsync(string? after = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync<Page<EdgeItem>>(PageOf("v1/edges", null, after, limit), cancellationToken);

    /// <summary>POST /v1/invitations.</summary>
    public Task<EnrolmentText> InviteAsync(InvitationRequest request, CancellationToken cancellationToken = default) =>
        PostAsync<InvitationRequest, EnrolmentText>("v1/invitations", request, cancellationToken);

    /// <summary>POST /v1/edge-tokens.</summary>
    public Task<EnrolmentText> CreateEdgeTokenAsync(EdgeTokenRequest request, CancellationToken cancellationToken = default) =>
        PostAsync<EdgeTokenRequest, EnrolmentText>("v1/edge-tokens", request, cancellationToken);

    /// <summary>POST /v1/cuts.</summary>
    public Task<CutOutcome> CutAsync(CutRequest request, CancellationToken cancellationToken = default) =>
        PostAsync<CutRequest, CutOutcome>("v1/cuts", request, cancellationToken);

    /// <summary>DELETE /v1/edges/ID.</summary>
    public Task<EdgeRemoved> RemoveEdgeAsync(string edgeId, CancellationToken cancellationToken = default) =>
        SendAsync<EdgeRemoved>(new HttpRequestMessage(HttpMethod.Delete, "v1/edges/" + Uri.EscapeDataString(edgeId)), cancellationToken);

    /// <summary>POST /v1/inventory/rebuild.</summary>
    public Task<InventoryRebuilt> RebuildInventoryAsync(CancellationToken cancellationToken = default) =>
        SendAsync<InventoryRebuilt>(new HttpRequestMessage(HttpMethod.Post, "v1/inventory/rebuild"), cancellationToken);

    /// <summary>GET /health/ready.</summary>
    /// <returns>Whether the silo serves edges.</returns>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, "health/ready"), cancellationToken);
        return response.IsSuccessStatusCode;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string PageOf(string path, string? tenant, string? after, int? limit)
    {
        var query = new List<string>();
        Add("tenant", tenant);
        Add("after", after);
        Add("limit", limit?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return query.Count == 0 ? path : path + "?" + string.Join('&', query);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                query.Add(name + "=" + Uri.EscapeDataString(value));
            }
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) =>
        SendAsync<T>(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    private Task<TResult> PostAsync<TBody, TResult>(string path, TBody body, CancellationToken cancellationToken) =>
        SendAsync<TResult>(new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) }, cancellationToken);

    private async Task<T> SendAsync<T>(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new AdminException(await DescribeAsync(response, cancellationToken));
        }

        return await response.Content.ReadFromJsonAsync<T>(cancellationToken)
            ?? throw new AdminException("The silo's answer is empty.");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            try
            {
                return await _http.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException e)
            {
                throw new AdminException(
                    File.Exists(_socketPath)
                        ? $"No silo answers on {_socketPath}: {(e.InnerException ?? e).Message}. Is it running with this state directory, and do you own it?"
                        : $"{_socketPath} is not there, or you may not see it. Start the silo of this state directory, and run this as its user.",
                    e);
            }
        }
    }

    private static async Task<string> DescribeAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            if (problem?["errors"] is JsonObject errors)
            {
                return string.Join(' ', errors.Select(error => $"{error.Key}: {string.Join(' ', error.Value!.AsArray().Select(text => (string?)text))}"));
            }

            return $"{(string?)problem?["title"]}. {(string?)problem?["detail"]}".TrimEnd();
        }
        catch (JsonException)
        {
            // Not problem details: Kestrel's own refusals have no body.
            return $"The silo answered {(int)response.StatusCode}.";
        }
    }
}
