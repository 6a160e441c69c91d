using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>OSSL_PARAM of core.h: a named argument. An array of them ends with one whose key is null, the default value of this struct.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OsslParam
{
    public byte* Key;
    public uint DataType;
    public void* Data;
    public nuint DataBytes;
    public nuint ReturnedBytes;

    public OsslParam(byte* key, uint dataType, void* data, nuint dataBytes)
    {
        Key = key;
        DataType = dataType;
        Data = data;
        DataBytes = dataBytes;
        ReturnedBytes = nuint.MaxValue;
    }
}
