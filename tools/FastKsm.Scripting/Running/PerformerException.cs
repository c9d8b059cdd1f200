using System;
using System.Diagnostics.CodeAnalysis;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <summary>A performer did not do what a script asked for.</summary>
[SuppressMessage("Design", "CA1032", Justification = "Made by its named constructors only: without a kind it says nothing.")]
[SuppressMessage("Design", "RCS1194", Justification = "The same.")]
public sealed class PerformerException : Exception
{
    private PerformerException(PerformerFailure failure, string? error, string message, Exception? innerException)
        : base(message, innerException)
    {
        Failure = failure;
        Error = error;
    }

    /// <summary>Why.</summary>
    public PerformerFailure Failure { get; }

    /// <summary>Linux's name of the error or signal, or <c>exhausted</c>; null if Linux has no part in it.</summary>
    public string? Error { get; }

    /// <summary>Refused as Linux refuses it.</summary>
    /// <param name="error">Linux's name of the error or signal.</param>
    /// <param name="message">What was refused.</param>
    /// <param name="innerException">Who said so.</param>
    public static PerformerException Refused(string error, string message, Exception? innerException = null) =>
        new(PerformerFailure.Refused, error, message, innerException);

    /// <summary>Refused as Linux refuses it.</summary>
    /// <param name="number">Linux's error number, or the negative number of a signal.</param>
    /// <param name="message">What was refused.</param>
    public static PerformerException Refused(int number, string message) =>
        new(PerformerFailure.Refused, Words.Errors.Has(number) ? Words.Errors.WordOf(number) : $"error {number}", message, null);

    /// <summary>Something ran out.</summary>
    /// <param name="message">What.</param>
    /// <param name="innerException">Who said so.</param>
    public static PerformerException Exhausted(string message, Exception? innerException = null) =>
        new(PerformerFailure.Exhausted, "exhausted", message, innerException);

    /// <summary>Not implemented yet.</summary>
    /// <param name="what">What, as scripts write it.</param>
    public static PerformerException NotImplemented(string what) =>
        new(PerformerFailure.NotImplemented, null, $"not implemented yet: {what}", null);

    /// <summary>Not possible on this machine.</summary>
    /// <param name="message">Why not, and what would be possible.</param>
    /// <param name="innerException">Who said so.</param>
    public static PerformerException Impossible(string message, Exception? innerException = null) =>
        new(PerformerFailure.Impossible, null, message, innerException);
}
