using Cluster.Core.Webhooks;

namespace Cluster.Tests.Webhooks;

public sealed class SetupTests
{
    private const string Url = "https://cluster.example.com/hooks/0123456789abcdef0123456789abcdef";

    public static IEnumerable<TheoryDataRow<string, string?>> Ways =>
        from sender in WebhookSenders.All
        from mode in sender.Modes.Cast<string?>().DefaultIfEmpty()
        select new TheoryDataRow<string, string?>(sender.Kind, mode);

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_steps_at_each_sender_name_its_url_and_show_the_secret_once(string kind, string? mode)
    {
        var sender = WebhookSenders.Find(kind)!;
        var settings = new SourceSettings { Mode = mode };
        var secret = sender.Scheme(settings).NewSecret();

        var steps = string.Join("\n", sender.Setup(new SourceSetup { Name = "ci", Url = Url, Secret = secret, Settings = settings }));

        Assert.Contains(new Uri(Url).AbsolutePath, steps);
        if (sender.MakesSecret(settings))
        {
            Assert.DoesNotContain(secret, steps);
            Assert.Contains("cluster source rotate ci --secret-file FILE --keep-old 0", steps);
        }
        else
        {
            Assert.Equal(2, steps.Split(secret).Length);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_secret_that_the_operator_brought_is_not_printed_back(string kind, string? mode)
    {
        var steps = string.Join("\n", WebhookSenders.Find(kind)!.Setup(new SourceSetup { Name = "ci", Url = Url, Settings = new SourceSettings { Mode = mode } }));

        Assert.Contains(new Uri(Url).AbsolutePath, steps);
        Assert.DoesNotContain("null", steps);
    }
}
