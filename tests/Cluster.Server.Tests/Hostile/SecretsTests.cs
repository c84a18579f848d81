using System.Net.Http.Json;
using System.Text;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Hostile;

public sealed class SecretsTests
{
    [Fact]
    public async Task No_secret_stands_in_logs_errors_or_the_database()
    {
        await using var node = await NodeHost.StartAsync();
        using var api = node.Api();
        var bob = await node.InviteAsync("bob");
        await node.CreateSessionAsync("api");
        var added = await api.PostAsJsonAsync("/api/sources", new AddSource { Kind = "github", Name = "ci", Session = "api" }, ApiJson.Default.AddSource);
        var source = (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
        var made = await api.PostAsync("/api/page-codes", null);
        var link = (await made.Content.ReadFromJsonAsync(ApiJson.Default.PageLink))!;
        var code = link.Url[(link.Url.IndexOf('#', StringComparison.Ordinal) + 1)..];
        var github = new GitHubSender(new HttpClient(), source.Url, source.Secret!);
        var answers = new StringBuilder();
        await using (var client = await HttpMcpClient.AttachAsync(node.Url, bob, "his"))
        {
            using var sent = await github.SendAsync(GitHubSender.CheckRun);
            using var forged = await new GitHubSender(new HttpClient(), source.Url, "wrong").SendAsync(GitHubSender.CheckRun);
            using var bad = await node.Api(bob + "x").GetAsync("/api/me");
            using var login = await new HttpClient().PostAsJsonAsync($"{node.Url}/api/login", new Login { Code = code }, ApiJson.Default.Login);
            answers.Append(await forged.Content.ReadAsStringAsync())
                .Append(await bad.Content.ReadAsStringAsync())
                .Append(await login.Content.ReadAsStringAsync())
                .Append(await api.GetStringAsync("/api/tokens"))
                .Append(await api.GetStringAsync("/api/sources"))
                .Append(await api.GetStringAsync("/api/events"));
        }

        var log = await node.WholeLogAsync();
        var database = string.Concat(Directory.GetFiles(Path.Combine(node.Folder, "data"), "cluster.db*")
            .Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file))));
        string[] secrets = [node.AdminToken, bob, source.Secret!, code, File.ReadAllText(Path.Combine(node.Folder, "data", "key"))];

        Assert.All(secrets, secret =>
        {
            Assert.DoesNotContain(secret, log);
            Assert.DoesNotContain(secret, answers.ToString());
            Assert.DoesNotContain(secret, database);
        });
        Assert.Contains("source.add", database); // what is stored in clear is found: the search can find something
    }
}
