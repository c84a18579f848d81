namespace Cluster.Core.Logs;

/// <summary>That a sender's entry was received, and what it was answered.</summary>
/// <param name="From">The sender's log.</param>
/// <param name="Claim">The claim under which the sender sent it.</param>
/// <param name="Number">The entry's number in its lane.</param>
/// <param name="Result">The answer, kept for a sender that did not hear it.</param>
public sealed record Receipt(string From, long Claim, long Number, string Result);

/// <summary>What to do with an entry that arrives.</summary>
public enum Arrival
{
    /// <summary>It is the next one: decide.</summary>
    Next,

    /// <summary>It was received before: answer what was answered.</summary>
    Repeated,

    /// <summary>An older activation of the sender sends it: refuse, and let it learn.</summary>
    Stale,

    /// <summary>One before it has not come yet: refuse for now.</summary>
    Early,
}

/// <summary>What a grain has received from each sender: a sender that lost its claim is refused, and what is sent again is received once.</summary>
public sealed class Inbox
{
    /// <summary>The last entry of each sender.</summary>
    public Dictionary<string, Receipt> Last { get; init; } = [];

    public Arrival Judge(string from, long claim, long number)
    {
        if (!Last.TryGetValue(from, out var last))
        {
            return number == 1 ? Arrival.Next : Arrival.Early;
        }

        return claim < last.Claim ? Arrival.Stale
            : number <= last.Number ? Arrival.Repeated
            : number == last.Number + 1 ? Arrival.Next
            : Arrival.Early;
    }

    /// <summary>What an entry was answered; empty for one before the last, whose answer its sender has recorded or given up.</summary>
    public string ResultOf(string from, long number) =>
        Last.TryGetValue(from, out var last) && last.Number == number ? last.Result : "";

    internal void Apply(Receipt receipt) => Last[receipt.From] = receipt;
}
