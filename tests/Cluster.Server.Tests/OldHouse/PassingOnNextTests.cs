using System.Reflection;
using Cluster.Testing;

namespace Cluster.Server.Tests.OldHouse;

/// <summary>The list of the tests that pass on the new node, which <c>tests/yardstick</c> writes and holds.</summary>
[Trait("House", "old")]
public sealed class PassingOnNextTests
{
    private static readonly string[] List = File.ReadAllLines(Path.Combine(Programs.Root, "tests", "passing-on-next.txt"));

    [Fact]
    public void Every_name_in_the_list_is_that_of_a_test_which_asks_a_node_from_outside()
    {
        var tests = typeof(PassingOnNextTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance))
            .Where(method => method.IsDefined(typeof(FactAttribute), inherit: true) && !IsOld(method) && !IsOld(method.DeclaringType!))
            .Select(method => $"{method.DeclaringType!.FullName}.{method.Name}")
            .ToHashSet();

        Assert.Empty(List.Except(tests));
    }

    [Fact]
    public void The_list_is_sorted_and_names_each_test_once() => Assert.Equal(List.Distinct().Order(StringComparer.Ordinal), List);

    private static bool IsOld(MemberInfo member) =>
        member.GetCustomAttributes<TraitAttribute>().Any(trait => (trait.Name, trait.Value) == ("House", "old"));
}
