using Cluster.Core.Webhooks.Facts;
using static Cluster.Core.Webhooks.Facts.EventRows;

namespace Cluster.Core.Webhooks.GitHub;

/// <summary>What is told of what GitHub's scanners and advisories find. Its sentences are of whoever reported the weakness.</summary>
internal static class GitHubSecurity
{
    private static readonly EventFact Action = Also("action", "action");
    private static readonly EventFact Repository = Where("repository", "repository.full_name");
    private static readonly EventFact Sender = Also("sender", "sender.login");
    private static readonly EventFact SenderId = Also("sender_id", "sender.id");

    public static IReadOnlyList<EventFacts> All { get; } =
    [
        new("code_scanning_alert", Action, Repository, Also("number", "alert.number"), Link("url", "alert.html_url"),
            Bad("severity", "alert.rule.security_severity_level|alert.rule.severity"), What("rule", "alert.rule.id"), Also("tool", "alert.tool.name"),
            Also("state", "alert.most_recent_instance.state|alert.state"), Where("path", "alert.most_recent_instance.location.path"),
            Also("line", "alert.most_recent_instance.location.start_line"), Also("ref", "ref"), Also("head_sha", "commit_oid|alert.most_recent_instance.commit_sha"), Sender, SenderId, Also("author", ""))
            { Outcome = new Outcome("action", "action", "fixed closed_by_user updated_assignment"), Strangers = true },
        new("secret_scanning_alert", Action, Repository, Also("number", "alert.number"), Link("url", "alert.html_url"), Bad("validity", "alert.validity"),
            Bad("publicly_leaked", "alert.publicly_leaked"), Also("multi_repo", "alert.multi_repo"), Also("bypassed", "alert.push_protection_bypassed"),
            Also("state", "alert.state"), Also("resolution", "alert.resolution"), What("secret_type", "alert.secret_type"), What("secret_name", "alert.secret_type_display_name"),
            Sender, SenderId, Also("author", ""))
            { Outcome = new Outcome("action", "action", "resolved revoked assigned unassigned"), Strangers = true },
        new("secret_scanning_alert_location", Action, Repository, Also("number", "alert.number"), Link("url", "alert.html_url"), What("secret_type", "alert.secret_type"),
            Also("location_type", "location.type"), Where("path", "location.details.path"), Also("line", "location.details.start_line"), Also("head_sha", "location.details.commit_sha"),
            Sender, SenderId, Also("author", "")) { Strangers = true },
        new("secret_scanning_scan", Action, Repository, What("type", "type"), Also("source", "source"), Sender, SenderId, Also("author", "")) { Outcome = new Outcome("action", "action", "completed"), Strangers = true },
        new("dependabot_alert", Action, Repository, Also("number", "alert.number"), Link("url", "alert.html_url"), Bad("severity", "alert.security_advisory.severity"),
            What("ghsa_id", "alert.security_advisory.ghsa_id"), What("cve_id", "alert.security_advisory.cve_id"), Also("ecosystem", "alert.dependency.package.ecosystem"),
            What("package", "alert.dependency.package.name"), Where("path", "alert.dependency.manifest_path"), Also("patched", "alert.security_vulnerability.first_patched_version.identifier"),
            Also("state", "alert.state"), Sender, SenderId, Also("author", "")) { Rests = "action: all but created, reopened, reintroduced; severity: all but high, critical" },
        new("security_advisory", Action, Bad("severity", "security_advisory.severity"), What("ghsa_id", "security_advisory.ghsa_id"), What("cve_id", "security_advisory.cve_id"),
            Also("ecosystem", "security_advisory.vulnerabilities[0].package.ecosystem"), What("package", "security_advisory.vulnerabilities[].package.name"),
            Also("patched", "security_advisory.vulnerabilities[0].first_patched_version.identifier"), Link("reference", "security_advisory.references[0].url"), Also("author", ""))
            { Rests = "action: all but published, updated" },
        new("repository_advisory", Action, Repository, Link("url", "repository_advisory.html_url"), Bad("severity", "repository_advisory.severity"),
            What("ghsa_id", "repository_advisory.ghsa_id"), What("cve_id", "repository_advisory.cve_id"), What("package", "repository_advisory.vulnerabilities[].package.name"),
            Also("state", "repository_advisory.state"), Sender, SenderId, Also("author", "")) { Strangers = true },
        new("repository_vulnerability_alert", Action, Repository, Bad("severity", "alert.severity"), What("package", "alert.affected_package_name"), What("ghsa_id", "alert.ghsa_id"),
            Also("patched", "alert.fixed_in"), Link("reference", "alert.external_reference"), Sender, SenderId, Also("author", ""))
            { Outcome = new Outcome("action", "action", "resolve dismiss"), Strangers = true },
    ];
}
