namespace Cluster.Cli.Connect.Files;

/// <summary>A file that is not sent, or cannot be had: the message is the whole sentence for Claude.</summary>
internal sealed class FileRefused(string sentence) : Exception(sentence);
