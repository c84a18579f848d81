using System.CommandLine;
using Cluster.Cli.Access;
using Cluster.Cli.Backups;
using Cluster.Cli.Chats;
using Cluster.Cli.Connect;
using Cluster.Cli.Doctor;
using Cluster.Cli.Events;
using Cluster.Cli.Logins;
using Cluster.Cli.Nodes;
using Cluster.Cli.Pages;
using Cluster.Cli.Permissions;
using Cluster.Cli.Principals;
using Cluster.Cli.Routes;
using Cluster.Cli.Sessions;
using Cluster.Cli.Sources;

namespace Cluster.Cli;

/// <summary>All that <c>cluster</c> can be told.</summary>
internal static class Commands
{
    public static RootCommand Create()
    {
        var node = new NodeOptions();
        return new RootCommand("Talk to the nodes of Channel Cluster, and connect Claude Code to them.")
        {
            node.Url,
            node.TokenFile,

            PrincipalCommands.Create(node),
            LoginCommands.Login(node),
            LoginCommands.Logout(node),
            TokenCommands.Create(node),
            PageCommand.Create(node),

            SessionCommands.List(node),
            SessionCommands.One(node),
            EventCommands.List(node),
            TellCommand.Create(node),
            EventCommands.Cancel(node),

            AccessCommands.Allow(node),
            AccessCommands.Revoke(node),
            AccessCommands.Show(node),
            SourceCommands.Create(node),
            RouteCommands.Create(node),
            BotCommands.Create(node),
            PairCommand.Create(node),
            IdentityCommands.Create(node),
            NodesCommand.Create(node),
            PermissionCommands.List(node),

            DoctorCommand.Create(node),
            BackupCommand.Create(node),
            ConnectCommand.Create(node),
        };
    }
}
