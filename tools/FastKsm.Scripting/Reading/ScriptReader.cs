using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Reading;

/// <summary>Reads workload scripts. Throws nothing but <see cref="ScriptException"/>, whatever the bytes are.</summary>
/// <remarks>
/// The language is ASCII; only comments may hold any byte. What a script may contain at most stands in
/// <see cref="ScriptLimits"/>. Thread safety: all members may be called concurrently.
/// </remarks>
public static class ScriptReader
{
    private const byte FirstPrintable = 0x21;
    private const byte LastPrintable = 0x7E;

    /// <summary>Reads a script to its end.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="source">Its bytes; what the stream itself throws passes through.</param>
    /// <exception cref="ScriptException">It is no script.</exception>
    public static Script Read(string file, Stream source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using MemoryStream bytes = new();
        byte[] buffer = new byte[ScriptLimits.MaxLineBytes];
        for (int read; (read = source.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > ScriptLimits.MaxScriptBytes)
            {
                throw TooLong(file);
            }
        }

        return Read(file, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>Reads a script.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="source">Its bytes.</param>
    /// <exception cref="ScriptException">It is no script.</exception>
    public static Script Read(string file, ReadOnlySpan<byte> source)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (source.Length > ScriptLimits.MaxScriptBytes)
        {
            throw TooLong(file);
        }

        List<Operation> operations = [];
        List<Token> tokens = [];
        for (int number = 1; !source.IsEmpty; number++)
        {
            int newLine = source.IndexOf((byte)'\n');
            ReadOnlySpan<byte> text = newLine < 0 ? source : source[..newLine];
            source = newLine < 0 ? [] : source[(newLine + 1)..];
            tokens.Clear();
            SourcePosition end = Split(file, text, number, tokens);
            if (tokens.Count > 0)
            {
                operations.Add(ReadOperation(new LineReader(file, tokens, end), isFirst: operations.Count == 0));
                if (operations.Count > ScriptLimits.MaxOperations)
                {
                    throw Bad(file, tokens[0].Position, $"a script has at most {ScriptLimits.MaxOperations} operations");
                }
            }
        }

        return new Script(file, [.. operations]);
    }

    private static Operation ReadOperation(LineReader line, bool isFirst)
    {
        Operation operation = OperationReader.Read(line);
        line.End();
        return operation is Operation.Machine && !isFirst
            ? throw line.Error(operation.Position, "machine must be the first operation")
            : operation;
    }

    // Cuts a line into words; returns the position behind the last one.
    private static SourcePosition Split(string file, ReadOnlySpan<byte> text, int number, List<Token> tokens)
    {
        int comment = text.IndexOf((byte)'#');
        text = comment < 0 ? text : text[..comment];
        if (text.Length > ScriptLimits.MaxLineBytes)
        {
            throw Bad(
                file, new SourcePosition(number, ScriptLimits.MaxLineBytes + 1),
                $"a line has at most {ScriptLimits.MaxLineBytes} bytes, this one has {text.Length}");
        }

        int end = 0;
        for (int i = 0; i < text.Length;)
        {
            if (text[i] is (byte)' ' or (byte)'\t' or (byte)'\r')
            {
                i++;
                continue;
            }

            int start = i;
            while (i < text.Length && text[i] is >= FirstPrintable and <= LastPrintable)
            {
                i++;
            }

            if (i < text.Length && text[i] is not ((byte)' ' or (byte)'\t' or (byte)'\r'))
            {
                throw Bad(
                    file, new SourcePosition(number, i + 1),
                    $"byte 0x{text[i]:x2} is allowed in comments only; all else is printable ASCII");
            }

            tokens.Add(new Token(Encoding.ASCII.GetString(text[start..i]), new SourcePosition(number, start + 1)));
            end = i;
        }

        return new SourcePosition(number, end + 1);
    }

    private static ScriptException TooLong(string file) =>
        Bad(file, new SourcePosition(1, 1), $"a script has at most {ScriptLimits.MaxScriptBytes} bytes");

    private static ScriptException Bad(string file, SourcePosition position, string detail) =>
        new(ScriptOutcome.BadScript, file, position, detail);
}
