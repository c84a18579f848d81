using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;
using Cluster.Core.Api;

namespace Cluster.Cli.Pages;

/// <summary><c>cluster page</c>: a login for a browser.</summary>
internal static class PageCommand
{
    public static Command Create(NodeOptions node) =>
        new Command("page", "Print a link that opens the page as you. It works once.").Calls(node, async call =>
            call.Show(
                await call.Node.PostAsync("api/page-codes", ApiJson.Default.PageLink, call.Ct),
                link =>
                {
                    call.Screen.Line(link.Url);
                    call.Screen.Line($"Works once, until {Screen.Time(link.ExpiresAt)}.");
                }));
}
