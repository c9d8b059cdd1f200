using System;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Linq;

namespace FastKsm.Cli.Scenarios;

/// <summary>Options of scenarios: checked against their range before anything runs, and with it in their
/// help.</summary>
internal static class ScenarioOption
{
    /// <summary>A whole number.</summary>
    /// <param name="name">Name with its hyphens.</param>
    /// <param name="description">What it sets, as a sentence.</param>
    /// <param name="value">Its value if it is not given.</param>
    /// <param name="least">Least value.</param>
    /// <param name="most">Greatest value.</param>
    internal static Option<long> Number(string name, string description, long value, long least, long most)
    {
        Option<long> option = new(name)
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"{description} {least} to {most}."),
            HelpName = "N",
            DefaultValueFactory = _ => value,
        };
        option.Validators.Add(result =>
        {
            if (!result.Implicit && long.TryParse(result.Tokens[^1].Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out long given))
            {
                Check(result, given, least, most);
            }
        });
        return option;
    }

    /// <summary>A share or another number that need not be whole.</summary>
    /// <param name="name">Name with its hyphens.</param>
    /// <param name="description">What it sets, as a sentence.</param>
    /// <param name="value">Its value if it is not given.</param>
    /// <param name="least">Least value.</param>
    /// <param name="most">Greatest value.</param>
    internal static Option<double> Fraction(string name, string description, double value, double least, double most)
    {
        Option<double> option = new(name)
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"{description} {least} to {most}."),
            HelpName = "X",
            DefaultValueFactory = _ => value,
            CustomParser = result =>
            {
                string text = result.Tokens[^1].Value;
                const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
                if (!double.TryParse(text, Style, CultureInfo.InvariantCulture, out double given))
                {
                    result.AddError($"{name} {text}: not a number.");
                }
                else if (!(given >= least && given <= most)) // Also what is no number at all.
                {
                    result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} {text}: it takes {least} to {most}."));
                }

                return given;
            },
        };
        return option;
    }

    /// <summary>Several whole numbers, with commas between them.</summary>
    /// <param name="name">Name with its hyphens.</param>
    /// <param name="description">What they set, as a sentence.</param>
    /// <param name="values">The values if none is given.</param>
    /// <param name="least">Least value of each.</param>
    /// <param name="most">Greatest value of each.</param>
    internal static Option<long[]> Numbers(string name, string description, long[] values, long least, long most) => new(name)
    {
        Description = string.Create(CultureInfo.InvariantCulture, $"{description} {least} to {most} each."),
        HelpName = "N,N,…",
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => values,
        CustomParser = result =>
        {
            string[] words = result.Tokens[^1].Value.Split(',');
            long[] given = new long[words.Length];
            for (int i = 0; i < words.Length; i++)
            {
                if (!long.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out given[i])
                    || given[i] < least || given[i] > most)
                {
                    result.AddError(string.Create(
                        CultureInfo.InvariantCulture, $"{name} {words[i]}: it takes {least} to {most}, several with commas between them."));
                    break;
                }
            }

            return given;
        },
    };

    /// <summary>One of several words.</summary>
    /// <param name="name">Name with its hyphens.</param>
    /// <param name="description">What it sets, as a sentence.</param>
    /// <param name="words">What it takes; the first is its value if it is not given.</param>
    internal static Option<string> Word(string name, string description, params string[] words)
    {
        Option<string> option = new(name) { Description = description, DefaultValueFactory = _ => words[0] };
        _ = option.AcceptOnlyFromAmong(words);
        return option;
    }

    /// <summary>A text, such as the name of a file; empty if it is not given.</summary>
    /// <param name="name">Name with its hyphens.</param>
    /// <param name="description">What it sets, as a sentence.</param>
    /// <param name="help">What stands for the text in the help.</param>
    internal static Option<string> Text(string name, string description, string help) =>
        new(name) { Description = description, HelpName = help, DefaultValueFactory = _ => string.Empty };

    /// <summary>The value of an option, given or not, as the report states it.</summary>
    /// <exception cref="ArgumentException">It was not made here.</exception>
    internal static string ValueOf(Option option, ParseResult parsed) => option switch
    {
        Option<long> number => parsed.GetValue(number).ToString(CultureInfo.InvariantCulture),
        Option<double> fraction => parsed.GetValue(fraction).ToString(CultureInfo.InvariantCulture),
        Option<long[]> numbers => string.Join(
            ',', (parsed.GetValue(numbers) ?? []).Select(value => value.ToString(CultureInfo.InvariantCulture))),
        Option<string> word => parsed.GetValue(word)!,
        _ => throw new ArgumentException($"{option.Name} is none of the kinds that scenarios have.", nameof(option)),
    };

    private static void Check(OptionResult result, long given, long least, long most)
    {
        if (given < least || given > most)
        {
            result.AddError(string.Create(
                CultureInfo.InvariantCulture, $"{result.Option.Name} {given}: it takes {least} to {most}."));
        }
    }
}
