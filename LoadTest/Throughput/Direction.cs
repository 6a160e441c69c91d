namespace OrleansUem.LoadTest.Throughput;

/// <summary>Which way the bytes go, seen from the device.</summary>
internal enum Direction
{
    Up,
    Down,
}
