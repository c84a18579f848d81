using Microsoft.AspNetCore.Antiforgery;

namespace Cluster.Server.Pages;

/// <summary>Lets a form through only when it is well-formed and was made by one of our own pages for this visitor.</summary>
internal sealed class PageForms(IAntiforgery antiforgery) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (!http.Request.HasFormContentType || !await IsReadableAsync(http) || !await antiforgery.IsRequestValidAsync(http))
        {
            return TypedResults.Problem(
                "This form is not one that the page has just made for you. Nothing was done; load the page again and repeat.",
                statusCode: StatusCodes.Status400BadRequest);
        }

        return await next(context);
    }

    private static async Task<bool> IsReadableAsync(HttpContext http)
    {
        try
        {
            await http.Request.ReadFormAsync(http.RequestAborted);
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            return false;
        }
    }
}

/// <summary>How a form's outcome is told: to our script in a word, without it by a page.</summary>
internal static class PageAnswers
{
    /// <summary>One field of a form that <see cref="PageForms"/> let through.</summary>
    public static string Field(this HttpContext context, string name) => context.Request.Form[name] is [{ } value] ? value : "";

    public static IResult Done(this HttpContext context, string next)
    {
        if (!context.Request.WantsPage())
        {
            return TypedResults.NoContent();
        }

        context.Response.Headers.Location = next;
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <param name="context">The request.</param>
    /// <param name="status">The refusal's status.</param>
    /// <param name="why">The sentence that a person reads.</param>
    /// <param name="page">The page on which it is shown without script.</param>
    public static IResult Refused(this HttpContext context, int status, string why, Func<string, IResult> page) =>
        context.Request.WantsPage() ? page(why) : TypedResults.Problem(why, statusCode: status);
}
