namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// An edge, key its name. Holds the links that silos have to it, carries requests of grains over any of them and brings it every cut in order. Interleaves
/// everywhere: an answer must get in while its request waits.
/// </summary>
[Alias("uem.IEdgeGrain")]
public interface IEdgeGrain : IGrainWithStringKey
{
    /// <summary>Registers an edge that joins. Idempotent with the same key; durable on return.</summary>
    /// <param name="registration">Its key.</param>
    /// <returns>None, or AlreadyRegistered when the edge exists with another key and was not removed.</returns>
    [Alias("Register")]
    Task<EdgeRegistered> RegisterAsync(EdgeRegistration registration);

    /// <summary>Registers a link, after LinkStart. The silo keeps the observer alive and refreshes.</summary>
    /// <param name="start">The link.</param>
    /// <param name="link">Its observer.</param>
    /// <returns>What LinkStarted says.</returns>
    [Alias("Link")]
    Task<EdgeLinked> LinkAsync(EdgeLinkStart start, IEdgeLink link);

    /// <summary>
    /// Keeps a link registered: every 10 s, since a link that is not refreshed for 35 s is forgotten and a new activation knows none. Also brings cuts
    /// that the edge missed.
    /// </summary>
    /// <param name="start">The link; <see cref="EdgeLinkStart.LastCut"/> as far as its silo knows.</param>
    /// <param name="link">Its observer.</param>
    /// <returns>None; CertificateRevoked when the edge was removed, then the silo ends the connection.</returns>
    [Alias("Refresh")]
    Task<EdgeRegistered> RefreshAsync(EdgeLinkStart start, IEdgeLink link);

    /// <summary>A connection ended. Requests that wait on it move to another link or end with NoSilo. Idempotent.</summary>
    /// <param name="linkId">The link.</param>
    /// <returns>A task.</returns>
    [Alias("Unlink")]
    Task UnlinkAsync(string linkId);

    /// <summary>Asks the edge over any link. At most 4,096 outstanding, then Overloaded. Never throws for a fault of the edge.</summary>
    /// <param name="question">The request and how long to wait.</param>
    /// <returns>The answer, or NoSilo, ControlTimeout, Overloaded.</returns>
    [Alias("Ask"), ResponseTimeout("00:00:20")]
    Task<EdgeAnswer> AskAsync(EdgeQuestion question);

    /// <summary>A link brings an answer. One that nobody waits for is dropped.</summary>
    /// <param name="answer">The answer with the request's number.</param>
    /// <returns>A task.</returns>
    [Alias("Answer"), AlwaysInterleave]
    Task AnswerAsync(EdgeAnswer answer);

    /// <summary>Brings the edge all cuts up to this one, in order.</summary>
    /// <param name="newest">The newest cut.</param>
    /// <param name="timeoutMs">How long to wait for the acknowledgement; the edge gets the cut after it too.</param>
    /// <returns>True when the edge said that it is applied.</returns>
    [Alias("ApplyCuts"), ResponseTimeout("00:00:20")]
    Task<bool> ApplyCutsAsync(CutEntry newest, int timeoutMs);

    /// <summary>Removes the edge for good, until it joins with a new token. Durable on return.</summary>
    /// <returns>A task.</returns>
    [Alias("Remove")]
    Task RemoveAsync();

    /// <summary>What the grain knows without asking anybody.</summary>
    /// <returns>The status.</returns>
    [Alias("GetStatus")]
    Task<EdgeStatus> GetStatusAsync();
}
