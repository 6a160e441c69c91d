namespace OrleansUem.Silo.Admin;

/// <summary>An invitation or join token that was made. WARNING: whoever reads the text can enrol in the holder's place; it is shown once and not kept.</summary>
/// <param name="Id">Names it in the lists.</param>
/// <param name="Uri">The whole <c>uem://</c> text with the secret.</param>
/// <param name="ExpiresAt">Void after this.</param>
public sealed record EnrolmentText(string Id, string Uri, DateTimeOffset ExpiresAt);
