using Microsoft.Extensions.Logging;

namespace OrleansUem.Embedded.Storage;

/// <summary>What a host gives its storage engine.</summary>
/// <param name="ServiceId">The value of the column ServiceId.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">Where logs go.</param>
internal sealed record StorageOpening(string ServiceId, TimeProvider Time, ILogger Logger);
