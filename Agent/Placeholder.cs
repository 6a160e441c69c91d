namespace OrleansUem.Agent;

internal static class Placeholder;
