using System.Data.Common;
using Microsoft.AspNetCore.Http;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Admin;

/// <summary>Answers that say what was wrong (RFC 9457).</summary>
internal static class Problems
{
    /// <summary>What a failed request is answered with: 503 when a grain's storage or its silo did not answer, since the same request may succeed later.</summary>
    public static int StatusOf(Exception fault) => fault is OrleansException or TimeoutException or DbException
        ? StatusCodes.Status503ServiceUnavailable
        : StatusCodes.Status500InternalServerError;

    /// <summary>Says more about a 503.</summary>
    public static void Describe(ProblemDetailsContext context)
    {
        if (context.ProblemDetails.Status == StatusCodes.Status503ServiceUnavailable)
        {
            context.ProblemDetails.Detail ??=
                "The database or another silo does not answer; the silo's log says which. What was asked may have been done: look first, then ask again.";
        }
    }

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
