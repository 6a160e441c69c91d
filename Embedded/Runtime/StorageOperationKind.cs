namespace OrleansUem.Embedded.Runtime;

internal enum StorageOperationKind
{
    Read,
    Write,
    Clear,
}
