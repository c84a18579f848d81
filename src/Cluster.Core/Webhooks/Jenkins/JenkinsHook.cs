using System.Text;
using System.Text.RegularExpressions;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.Facts;
using Cluster.Core.Webhooks.Verification;
using static Cluster.Core.Webhooks.Fields;

namespace Cluster.Core.Webhooks.Jenkins;

/// <summary>Jenkins' Notification plugin (jenkinsci/notification-plugin: Protocol.java, Phase.java, BuildState.java). It signs nothing; a user name and a
/// password in the endpoint's URL come as basic authentication. Job names and addresses of a multibranch project hold branch names.</summary>
internal sealed partial class JenkinsHook : IWebhookSender
{
    private const string User = "cluster";

    private static readonly HeaderSecret Secret = new(
        "Authorization",
        secret => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{secret}"))}",
        secret => $"Bearer {secret}");

    public string Kind => "jenkins";

    public string Title => "Jobs of Jenkins, by its Notification plugin.";

    public IReadOnlyList<FieldFact> Facts => JenkinsFacts.All;

    public IReadOnlyList<EventFacts> Events { get; } = [JenkinsEvents.Row];

    public string SameEvent => "the build's address, phase, status, number in the queue and time, for 5 minutes";

    public bool TellsUnreadable => true;

    public WebhookScheme Scheme(SourceSettings settings) => Secret;

    public WebhookReading Read(WebhookDelivery delivery)
    {
        using var document = PayloadFields.ParseObject(delivery.Body);
        var f = new PayloadFields(document.RootElement);
        var phase = f.Pattern("build.phase", Shapes.Word());
        var status = f.Pattern("build.status", Shapes.Word()) ?? f.Pattern("event", Shapes.Word());
        var place = f.Text("build.full_url") ?? f.Text("build.url") ?? f.Text("buildUrl");
        var told = JenkinsEvents.Row.Read(f);
        return new WebhookReading
        {
            // It tries again only where no answer came, and at once (jenkinsci/notification-plugin, Endpoint.java).
            // A job that was made again counts its builds from one again. Where the plugin tells them, the queue's number and the time tell two apart.
            Id = place is null ? null : $"{place}:{phase}:{status}:{f.Integer("build.queue_id")}:{f.Line("build.timestamp")}",
            IdIsProved = true, // by nothing less than the body is
            Kept = WebhookReading.Minutes,
            Summary = new WebhookSummary
            {
                Name = "jenkins.build",
                FilterReason = WakeReason(phase, status),
                FilteredBy = phase is null or "FINALIZED" ? "status" : "phase",
                Trusted = told,
                Untrusted = told.Count > 1 ? [] : [.. BodyFields.Of(f.Root, 2, told.Select(field => field.Name))],

                // The job by its whole address, which no other one has.
                Subject = Job().Match(f.Text("build.full_url") ?? "") is { Success: true } job && phase == "FINALIZED"
                    ? About(WakeReason(phase, status) is null, status == "SUCCESS", f.Integer("build.number"), "job", job.Groups[1].Value)
                    : null,
            },
        };
    }

    public IEnumerable<string> Setup(SourceSetup setup)
    {
        var url = new UriBuilder(setup.Url) { UserName = User, Password = setup.Secret ?? "SECRET" };
        return
        [
            "In Jenkins, with the Notification plugin, in the job's configuration under Job Notifications, Add Endpoint:",
            "  Format      JSON",
            "  Protocol    HTTP",
            "  Event       Job Finalized",
            $"  URL source  a secret-text credential with: {url.Uri.AbsoluteUri}",
            "A pipeline can do it by itself; with the secret as a secret-text credential named cluster-secret:",
            "  post { unsuccessful { withCredentials([string(credentialsId: 'cluster-secret', variable: 'S')]) {",
            "    writeFile file: 'cluster.json', text: groovy.json.JsonOutput.toJson([name: env.JOB_NAME, build: [full_url: env.BUILD_URL,",
            "      number: env.BUILD_NUMBER as int, phase: 'FINALIZED', status: currentBuild.currentResult]])",
            $"    sh 'curl -sf -H \"Authorization: Bearer $S\" -H \"Content-Type: application/json\" --data @cluster.json {setup.Url}'",
            "  } } }",
        ];
    }

    [GeneratedRegex(@"\A(https?://[^?#]+/job/[^?#]+/)[0-9]{1,9}/?\z")]
    private static partial Regex Job();

    private static string? WakeReason(string? phase, string? status) =>
        phase is not (null or "FINALIZED") ? "not finalized"
        : status?.ToUpperInvariant() is "SUCCESS" or "ABORTED" or "NOT_BUILT" or "START" ? "not a failure"
        : null;
}
