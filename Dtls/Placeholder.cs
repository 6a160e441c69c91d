namespace OrleansUem.Dtls;

internal static class Placeholder;
