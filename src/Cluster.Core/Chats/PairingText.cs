namespace Cluster.Core.Chats;

/// <summary>What people are told at a chat platform about pairing.</summary>
public static class PairingText
{
    public const string Paired =
        "You are paired. `/sessions` lists your sessions, `/use NAME` chooses the one that your messages go to, `/help` tells the rest.";

    public const string PairedAlready = "This account is paired already. `/sessions` lists your sessions.";

    /// <summary>For a stranger who has written while a window is open.</summary>
    public static string Ask(PairingCode code, TimeSpan validFor) =>
        $"""
        Your pairing code is `{code}`.

        Give it to the person who asked you to write here. They run `cluster pair {code}` in their terminal, see who you are, and confirm. The code works once, for {Math.Max(1, (int)validFor.TotalMinutes)} min. If nobody has asked you to write here, do nothing.
        """;
}
