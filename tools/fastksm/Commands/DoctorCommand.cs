using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using System.Text.Json;
using FastKsm.Cli.Host;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm doctor</c>: what this host is, what each trait costs the tool, and what would permit it.</summary>
internal static class DoctorCommand
{
    internal static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of a list." };
        Command command = new("doctor", "Shows what the tool can do on this host, what it cannot, and what would permit it. Changes nothing.") { json };
        command.SetAction(parsed => Run(parsed.GetValue(json), parsed.InvocationConfiguration));
        return command;
    }

    private static int Run(bool asJson, InvocationConfiguration console)
    {
        IReadOnlyList<HostTrait> traits = HostTraits.Probe();
        if (asJson)
        {
            console.Output.WriteLine(Json(traits));
            return ExitCode.Success;
        }

        foreach (HostTrait trait in traits)
        {
            console.Output.WriteLine($"{Mark(trait.State)} {trait.Name,-18} {trait.Found}");
            if (trait.Cost.Length > 0)
            {
                console.Output.WriteLine($"{string.Empty,21}so: {trait.Cost}");
            }

            if (trait.Remedy.Length > 0)
            {
                console.Output.WriteLine($"{string.Empty,21}it takes: {trait.Remedy}");
            }
        }

        int lacking = traits.Count(trait => trait.State == TraitState.Lacking);
        console.Output.WriteLine(lacking == 0 ? "Nothing is lacking here." : $"{lacking} of {traits.Count} traits cost the tool something.");
        return ExitCode.Success;
    }

    private static string Mark(TraitState state) => state switch
    {
        TraitState.Full => "+",
        TraitState.Differs => "~",
        _ => "-",
    };

    private static string Json(IReadOnlyList<HostTrait> traits) => JsonSerializer.Serialize(new
    {
        schema = "fastksm.doctor/1",
        traits = traits.Select(trait => new
        {
            name = trait.Name,
            found = trait.Found,
            state = trait.State.ToString().ToLowerInvariant(),
            cost = trait.Cost,
            remedy = trait.Remedy,
        }),
    });
}
