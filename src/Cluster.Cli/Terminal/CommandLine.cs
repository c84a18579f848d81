using System.CommandLine;
using System.CommandLine.Invocation;

namespace Cluster.Cli.Terminal;

/// <summary>Runs one command: what goes wrong becomes one line on stderr and an exit code, never a stack trace.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(RootCommand root, string[] args, TextWriter output, TextWriter error)
    {
        // A message to a session may begin with '@', which must not mean "read the arguments from this file".
        var parsed = root.Parse(args is [] ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction || (parsed.Action is null && parsed.Errors.Count > 0))
        {
            return Fail(error, $"{parsed.Errors[^1].Message} See: {Name(parsed)} --help");
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        }
        catch (CommandFailure failure)
        {
            return Fail(error, failure.Message);
        }
        catch (OperationCanceledException)
        {
            return Fail(error, "Stopped.", 130);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(error, e.Message);
        }
        catch (Exception e)
        {
            return Fail(error, $"An unexpected {e.GetType().Name}: {e.Message}");
        }
    }

    private static int Fail(TextWriter error, string sentence, int exitCode = 1)
    {
        error.WriteLine($"cluster: {CommandFailure.OneLine(sentence)}");
        return exitCode;
    }

    private static string Name(ParseResult parsed)
    {
        var names = new List<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Insert(0, result.Parent is null ? "cluster" : result.Command.Name);
        }

        return string.Join(' ', names);
    }
}
