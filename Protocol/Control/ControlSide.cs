namespace OrleansUem.Protocol.Control;

/// <summary>Which end of a control link a machine is. Not sent.</summary>
public enum ControlSide
{
    /// <summary>The edge: dials, sends LinkStart, asks for decisions.</summary>
    Edge = 1,

    /// <summary>The silo: accepts, answers LinkStart, gives orders.</summary>
    Silo = 2,
}
