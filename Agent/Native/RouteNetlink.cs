using System.Runtime.InteropServices;

namespace OrleansUem.Agent.Native;

/// <summary>Numbers and fixed parts of rtnetlink (linux/rtnetlink.h, if_link.h, if_addr.h) that the agent uses.</summary>
internal static class RouteNetlink
{
    public const ushort NewLink = 16;
    public const ushort GetLink = 18;
    public const ushort NewAddress = 20;
    public const ushort DeleteAddress = 21;
    public const ushort GetAddress = 22;
    public const ushort NewRoute = 24;
    public const ushort DeleteRoute = 25;

    public const ushort FlagRequest = 0x1;
    public const ushort FlagAcknowledge = 0x4;
    public const ushort FlagReplace = 0x100;
    public const ushort FlagExclusive = 0x200;
    public const ushort FlagCreate = 0x400;

    public const ushort LinkName = 3;
    public const ushort LinkMtu = 4;
    public const ushort LinkTransmitQueueLength = 13;

    public const ushort AddressAddress = 1;
    public const ushort AddressLocal = 2;

    public const ushort RouteDestination = 1;
    public const ushort RouteOutputInterface = 4;
    public const ushort RouteGateway = 5;
    public const ushort RoutePriority = 6;
    public const ushort RoutePreferredSource = 7;
    public const ushort RouteMetrics = 8;
    public const ushort RouteTable = 15;
    public const ushort MetricMtu = 2;

    public const byte FamilyInet = 2;
    public const uint InterfaceUp = 1;
    public const byte ProtocolStatic = 4;
    public const byte ScopeUniverse = 0;
    public const byte ScopeLink = 253;
    public const byte ScopeNowhere = 255;
    public const byte TypeUnicast = 1;
    public const byte TypeUnreachable = 7;
    public const byte TableUnspecified = 0;

    /// <summary>struct ifinfomsg.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct LinkPart
    {
        public byte Family;
        public byte Padding;
        public ushort Type;
        public int Index;
        public uint Flags;
        public uint Change;
    }

    /// <summary>struct ifaddrmsg.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct AddressPart
    {
        public byte Family;
        public byte PrefixLength;
        public byte Flags;
        public byte Scope;
        public int Index;
    }

    /// <summary>struct rtmsg.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct RoutePart
    {
        public byte Family;
        public byte DestinationLength;
        public byte SourceLength;
        public byte TypeOfService;
        public byte Table;
        public byte Protocol;
        public byte Scope;
        public byte Type;
        public uint Flags;
    }
}
