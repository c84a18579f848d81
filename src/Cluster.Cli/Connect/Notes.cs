using Cluster.Cli.Terminal;

namespace Cluster.Cli.Connect;

/// <summary>What the connector tells on stderr: changes of its state, each once; never tokens, messages or the environment.</summary>
internal sealed class Notes(TextWriter error)
{
    private readonly Lock _lock = new();
    private string _last = "";

    public void Say(string sentence)
    {
        lock (_lock)
        {
            if (sentence == _last)
            {
                return;
            }

            _last = sentence;
            try
            {
                error.WriteLine($"cluster connect: {CommandFailure.OneLine(sentence)}");
            }
            catch (IOException)
            {
                // Nobody listens; that is no reason to stop.
            }
        }
    }
}
