using System.Text.RegularExpressions;

namespace Cluster.Core.Webhooks;

/// <summary>The forms in which platforms make their fields. None has room for a sentence.</summary>
internal static partial class Shapes
{
    [GeneratedRegex(@"\A[A-Za-z][A-Za-z_]{0,39}\z")]
    public static partial Regex Word();

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,30}([.:-][a-z][a-z0-9_]{0,30}){0,4}\z")]
    public static partial Regex EventName();

    /// <summary>What people give as a name, of a check, a branch, a pod: some words, and signs that names have.</summary>
    [GeneratedRegex(@"\A(?=.{1,100}\z)[\p{L}\p{N}\p{M}_./:()\[\],#+&@=*%|{}$~^'-]+( {1,2}[\p{L}\p{N}\p{M}_./:()\[\],#+&@=*%|{}$~^'-]+){0,7}\z")]
    public static partial Regex Name();

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    public static partial Regex Id();

    [GeneratedRegex(@"\A[0-9]{1,20}\z")]
    public static partial Regex Digits();

    [GeneratedRegex(@"\A[0-9a-f]{7,64}\z")]
    public static partial Regex Hex();

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]{1,100}(/[A-Za-z0-9_.-]{1,100}){0,8}\z")]
    public static partial Regex Path();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9-]{0,99}(\[bot\])?\z")]
    public static partial Regex Login();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,18}( ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?\z")]
    public static partial Regex Time();

    /// <summary>A time without any room for a word, as platforms write those of their own.</summary>
    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?( ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?\z")]
    public static partial Regex Moment();

    /// <summary>Owner and repository, or group, groups in it and project.</summary>
    [GeneratedRegex(@"\A[A-Za-z0-9_.-]{1,100}(/[A-Za-z0-9_.-]{1,100}){1,20}\z")]
    public static partial Regex Repository();

    /// <summary>A name that a platform makes for its addresses of the one that people gave.</summary>
    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,99}\z")]
    public static partial Regex Slug();

    [GeneratedRegex(@"\A[1-9][0-9]{0,19}\z")]
    public static partial Regex AuthorNumber();

    [GeneratedRegex(@"\A(?=.{1,253}\z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z")]
    public static partial Regex Host();

    /// <summary>Any address of the web, as one word.</summary>
    [GeneratedRegex(@"\Ahttps?://[!-~]{1,1000}\z")]
    public static partial Regex Link();

    // Owner, repository and numbers only: no query, no fragment, nothing that could carry a sentence. Plain http is for senders within a network.
    [GeneratedRegex(@"\Ahttps?://[A-Za-z0-9.-]{1,100}(:[0-9]{1,5})?(/[A-Za-z0-9_.-]{1,100}){0,14}/?\z")]
    public static partial Regex Url();
}
