using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <summary>As <see cref="OpenSslFactAttribute"/>, with data.</summary>
internal sealed class OpenSslTheoryAttribute : TheoryAttribute
{
    public OpenSslTheoryAttribute() => Skip = new OpenSslFactAttribute().Skip;
}
