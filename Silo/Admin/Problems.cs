using Microsoft.AspNetCore.Http;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Admin;

/// <summary>Answers that say what was wrong (RFC 9457).</summary>
internal static class Problems
{
    /// <summary>400 with the field and its bound.</summary>
    public static IResult Field(string field, string bound) =>
        Results.ValidationProblem(new Dictionary<string, string[]> { [field] = [bound] });

    /// <summary>400 with the field and its bound.</summary>
    public static IResult Field(FieldFault fault) => Field(fault.Field, fault.Bound);

    /// <summary>A grain said no.</summary>
    public static IResult Refused(Reason reason, string detail = "") => Results.Problem(
        detail,
        statusCode: reason == Reason.UnknownTenant ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict,
        title: reason.Describe());
}
