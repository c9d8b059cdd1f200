using System;
using System.IO;
using System.Reflection;
using System.Runtime.Loader;

namespace FastKsm.Perf.Versus.Access;

/// <summary>Another build of the engine, beside the one that this program was built with.</summary>
internal sealed class EngineBuild : AssemblyLoadContext
{
    private const string Variable = "FASTKSM_BASELINE";

    private readonly string _engine;

    private EngineBuild(string engine)
        : base(nameof(EngineBuild)) => _engine = engine;

    /// <summary>Loads the build that the environment names.</summary>
    /// <param name="reason">Why there is none.</param>
    /// <returns>The build's way to measure; null when there is none.</returns>
    internal static Func<string, double>? TryLoad(out string reason)
    {
        string? engine = Environment.GetEnvironmentVariable(Variable);
        if (engine is null || !File.Exists(engine))
        {
            reason = engine is null
                ? $"no baseline: {Variable} has to name the FastKsm.dll of an earlier build, with these perf sources' public face"
                : $"no baseline: {Variable} names {engine}, and there is no such file";
            return null;
        }

        reason = "";
        Assembly perf = new EngineBuild(Path.GetFullPath(engine)).LoadFromAssemblyPath(typeof(FaceWork).Assembly.Location);
        return perf.GetType(typeof(FaceWork).FullName!, throwOnError: true)!
            .GetMethod(nameof(FaceWork.Measure))!.CreateDelegate<Func<string, double>>();
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName) =>
        string.Equals(assemblyName.Name, typeof(Machine).Assembly.GetName().Name, StringComparison.Ordinal)
            ? LoadFromAssemblyPath(_engine) : null;
}
