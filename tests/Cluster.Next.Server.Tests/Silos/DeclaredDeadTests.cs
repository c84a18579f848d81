using Cluster.Next.Server.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Next.Server.Tests.Silos;

public sealed class DeclaredDeadTests
{
    [Fact]
    public async Task A_host_in_a_process_of_several_ends_alone_and_cuts_its_clients_off()
    {
        var folder = Directory.CreateTempSubdirectory("cluster-test-").FullName;
        await using (var app = await Node.BuildAsync(
            ["--urls", "http://127.0.0.1:0", $"--Cluster:Data={folder}/data", $"--Cluster:Home={folder}/home"]))
        {
            app.MapGet("/for-ever", async context =>
            {
                await context.Response.WriteAsync("…");
                await context.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            });
            var node = await Node.StartAsync(app);
            var ended = new TaskCompletionSource();
            app.Lifetime.ApplicationStopped.Register(ended.SetResult);
            using var http = new HttpClient();
            await using var stream = await http.GetStreamAsync($"{node.Url}/for-ever");

            await stream.ReadExactlyAsync(new byte["…"u8.Length]);

            app.Services.GetRequiredService<IFatalErrorHandler>().OnFatalException(this, "I have been told I am dead", null);
            var stopping = app.Lifetime.ApplicationStopping.IsCancellationRequested;
            var cut = await Record.ExceptionAsync(async () => await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(5)));
            await app.StopAsync(); // as whoever waits for its end does

            Assert.IsAssignableFrom<IOException>(cut);
            Assert.True(stopping);
            await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }

        Directory.Delete(folder, recursive: true);
    }
}
