namespace Cluster.Core.Webhooks.Facts;

/// <summary>Whose words a field has.</summary>
public enum Writer
{
    /// <summary>Ours: counted or concluded by the reader.</summary>
    Cluster,

    /// <summary>The platform's own: what it numbers, hashes, measures, or says in one of its fixed words.</summary>
    Platform,

    /// <summary>A name that was given by whoever owns what the source is of, and who signs its deliveries: no stranger's thing can have it there.</summary>
    Owner,

    /// <summary>Any user of the platform, or what it reports of: told as untrusted.</summary>
    User,

    /// <summary>A program of which nothing is known: told as untrusted.</summary>
    Unknown,
}

/// <summary>What is known of one field that a kind of sender tells.</summary>
/// <param name="Field">Its name, as Claude and conditions have it.</param>
/// <param name="Writer">Who can write it.</param>
/// <param name="Form">The form that its values have if they are to be trusted.</param>
/// <param name="Why">How that is known, for people.</param>
public sealed record FieldFact(string Field, Writer Writer, FieldForm Form, string Why)
{
    /// <summary>The one event, without its platform, for which this is so; null for all others.</summary>
    public string? Event { get; init; }

    /// <summary>The name of the row for what has none of its own.</summary>
    public const string Rest = "*";

    /// <summary>What is told of what is left out.</summary>
    public const string Withheld = "withheld";

    /// <summary>True for a name, of a check, a branch, a pod: it is told, as untrusted, though a stranger may have chosen it. Sentences of strangers are not.</summary>
    public bool IsNeeded { get; init; }

    /// <summary>True for a name that never has a blank in it: of a branch, an account, a tag.</summary>
    public bool IsToken { get; init; }

    /// <summary>Whether it may be told as trusted.</summary>
    public bool IsTrusted => Writer <= Writer.Owner;

    /// <summary>Whether it is an address: then its source needs a host besides.</summary>
    public bool IsLink => Form is FieldForm.Link;
}

/// <summary>Makes rows of the table.</summary>
internal static class Rows
{
    public static FieldFact Ours(string field, FieldForm form, string why) => new(field, Writer.Cluster, form, why);

    public static FieldFact Made(string field, FieldForm form, string why) => new(field, Writer.Platform, form, why);

    public static FieldFact Named(string field, FieldForm form, string why) => new(field, Writer.Owner, form, why);

    public static FieldFact Users(string field, string why) => new(field, Writer.User, FieldForm.Text, why);

    public static FieldFact Nobodys(string field, string why) => new(field, Writer.Unknown, FieldForm.Text, why);

    /// <summary>Several names that the same people choose.</summary>
    public static IEnumerable<FieldFact> Names(string why, params string[] fields) => fields.Select(field => Users(field, why) with { IsNeeded = true });

    /// <summary>Several that never have a blank in them.</summary>
    public static IEnumerable<FieldFact> Tokens(string why, params string[] fields) => Names(why, fields).Select(fact => fact with { IsToken = true });

    /// <summary>A body's own fields, of which nothing is known.</summary>
    public static FieldFact Rest { get; } = new(FieldFact.Rest, Writer.Unknown, FieldForm.Text, "of an event that is not known its own first fields are told, whoever wrote them");

    /// <summary>Several numbers that a platform counts.</summary>
    public static IEnumerable<FieldFact> Numbers(string why, params string[] fields) => fields.Select(field => Made(field, FieldForm.Number, why));

    /// <summary>Several texts of the same people.</summary>
    public static IEnumerable<FieldFact> Texts(string why, params string[] fields) => fields.Select(field => Users(field, why));

    public static FieldFact Author { get; } = Ours("author", FieldForm.Words("member outside none"), "whether the sender proves that a member wrote it");
}
