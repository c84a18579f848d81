using System.Net.Http.Json;
using Cluster.Core.Api;

namespace Cluster.Testing;

/// <summary>What tests do with a node as its admin and its people would.</summary>
public static class Team
{
    extension(NodeHost node)
    {
        /// <summary>Lets somebody in by invitation and returns their token.</summary>
        public async Task<string> InviteAsync(string name)
        {
            using var api = node.Api();
            var invited = await api.PostAsJsonAsync("/api/principals", new AddPrincipal { Name = name }, ApiJson.Default.AddPrincipal);
            invited.EnsureSuccessStatusCode();
            var invitation = (await invited.Content.ReadFromJsonAsync(ApiJson.Default.Invitation))!;
            using var anonymous = new HttpClient { BaseAddress = new Uri(node.Url) };
            var redeemed = await anonymous.PostAsJsonAsync(
                "/api/login", new Login { Code = invitation.Url[(invitation.Url.IndexOf('#', StringComparison.Ordinal) + 1)..] }, ApiJson.Default.Login);
            redeemed.EnsureSuccessStatusCode();
            return (await redeemed.Content.ReadFromJsonAsync(ApiJson.Default.NewToken))!.Token;
        }

        public async Task CreateSessionAsync(string session, string? token = null)
        {
            using var api = node.Api(token);
            (await api.PostAsync($"/api/sessions/me/{session}", null)).EnsureSuccessStatusCode();
        }

        public async Task AllowAsync(string identity, string session, string role, string? token = null)
        {
            using var api = node.Api(token);
            (await api.PutAsync($"/api/sessions/me/{session}/access/{Uri.EscapeDataString(identity)}/{role}", null)).EnsureSuccessStatusCode();
        }

        public async Task RevokeAsync(string identity, string session, string role = "all", string? token = null)
        {
            using var api = node.Api(token);
            (await api.DeleteAsync($"/api/sessions/me/{session}/access/{Uri.EscapeDataString(identity)}/{role}")).EnsureSuccessStatusCode();
        }

        /// <summary>Sends a message and returns the event's id.</summary>
        public async Task<string> TellAsync(string session, string text, string? token = null)
        {
            using var api = node.Api(token);
            var sent = await api.PostAsJsonAsync($"/api/sessions/{Path(session)}/messages", new SendMessage { Text = text }, ApiJson.Default.SendMessage);
            sent.EnsureSuccessStatusCode();
            return (await sent.Content.ReadFromJsonAsync(ApiJson.Default.MessageAccepted))!.EventId;
        }

        /// <summary>Adds a GitHub source for a session and returns a sender that signs with its secret.</summary>
        public async Task<GitHubSender> AddSourceAsync(string session, string playbook = "", string name = "ci")
        {
            using var api = node.Api();
            var added = await api.PostAsJsonAsync(
                "/api/sources", new AddSource { Kind = "github", Name = name, Session = session, Playbook = playbook }, ApiJson.Default.AddSource);
            added.EnsureSuccessStatusCode();
            var source = (await added.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
            return new GitHubSender(new HttpClient(), source.Url, source.Secret!);
        }

        public async Task<EventInfo> EventAsync(string session, string id)
        {
            using var api = node.Api();
            var events = await api.GetFromJsonAsync($"/api/events?session={session}&limit=200", ApiJson.Default.IReadOnlyListEventInfo);
            return events!.Single(e => e.Id == id);
        }

        /// <summary>Asks until an event has this state; fails after twenty seconds.</summary>
        public async Task<EventInfo> UntilAsync(string session, string id, string state)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (true)
            {
                var found = await node.EventAsync(session, id);
                if (found.State == state)
                {
                    return found;
                }

                if (patience.IsCancellationRequested)
                {
                    throw new TimeoutException($"Event {id} is {found.State}, not {state}.");
                }

                await Task.Yield();
            }
        }

        /// <summary>A session's events, once none of them is kept back any more; fails after twenty seconds.</summary>
        public async Task<IReadOnlyList<EventInfo>> SettledAsync(string session)
        {
            using var api = node.Api();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (true)
            {
                var events = (await api.GetFromJsonAsync($"/api/events?session={session}&limit=200", ApiJson.Default.IReadOnlyListEventInfo))!;
                if (events.All(e => e.State != "held"))
                {
                    return events;
                }

                patience.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        /// <summary>Asks until the session has no client; fails after twenty seconds.</summary>
        public async Task UntilDetachedAsync(string session)
        {
            using var api = node.Api();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while ((await api.GetFromJsonAsync($"/api/sessions/me/{session}", ApiJson.Default.SessionInfo))!.Attached)
            {
                if (patience.IsCancellationRequested)
                {
                    throw new TimeoutException($"{session} is still attached.");
                }

                await Task.Yield();
            }
        }

        /// <summary>Asks until the session is there and has a client; fails after thirty seconds.</summary>
        public async Task UntilAttachedAsync(string session)
        {
            using var api = node.Api();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (!(await api.GetFromJsonAsync("/api/sessions", ApiJson.Default.IReadOnlyListSessionInfo))!
                .Any(one => one.Id.EndsWith($"/{session}", StringComparison.Ordinal) && one.Attached))
            {
                if (patience.IsCancellationRequested)
                {
                    throw new TimeoutException($"{session} is not attached.");
                }

                await Task.Yield();
            }
        }

        public async Task<IReadOnlyList<PermissionInfo>> PermissionsAsync(string session, string? token = null)
        {
            using var api = node.Api(token);
            return (await api.GetFromJsonAsync($"/api/permissions?session={session}", ApiJson.Default.IReadOnlyListPermissionInfo))!;
        }

        public async Task<HttpResponseMessage> DecideAsync(string id, string behavior, string? token = null)
        {
            using var api = node.Api(token);
            return await api.PostAsJsonAsync($"/api/permissions/{id}", new Verdict { Behavior = behavior }, ApiJson.Default.Verdict);
        }
    }

    private static string Path(string session) => session.Contains('/', StringComparison.Ordinal) ? session : $"me/{session}";
}
