using System;

namespace FastKsm.Cli.Offline.Criu;

/// <summary>Reads the fields of one protobuf message, one after the other.</summary>
/// <remarks>
/// The wire format: a varint of field number and type, then a varint (type 0), 8 bytes (1), a length and so many bytes (2), or 4 bytes (5).
/// Thread safety: a ref struct, on one thread.
/// </remarks>
internal ref struct ProtobufReader
{
    private readonly ReadOnlySpan<byte> _message;
    private int _at;

    /// <param name="message">The message.</param>
    internal ProtobufReader(ReadOnlySpan<byte> message)
    {
        _message = message;
        _at = 0;
    }

    /// <summary>Number of the field that was read last.</summary>
    internal int Field { get; private set; }

    /// <summary>Its value, where it is a number.</summary>
    internal ulong Number { get; private set; }

    /// <summary>Its bytes, where it is text or a message; else empty.</summary>
    internal ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Whether the message is broken: then there is no further field.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Reads the next field.</summary>
    internal bool Next()
    {
        if (IsBroken || _at == _message.Length)
        {
            return false;
        }

        Bytes = default;
        Number = 0;
        ulong key = Varint();
        Field = (int)Math.Min(key >> 3, int.MaxValue);
        switch (key & 7)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Number = Fixed(8);
                break;
            case 2:
                ulong length = Varint();
                if (!IsBroken && length <= (ulong)(_message.Length - _at))
                {
                    Bytes = _message.Slice(_at, (int)length);
                    _at += (int)length;
                }
                else
                {
                    IsBroken = true;
                }

                break;
            case 5:
                Number = Fixed(4);
                break;
            default:
                IsBroken = true;
                break;
        }

        return !IsBroken;
    }

    private ulong Varint()
    {
        const int MostBytes = 10;
        ulong value = 0;
        for (int i = 0; i < MostBytes && _at < _message.Length; i++)
        {
            byte next = _message[_at++];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                return value;
            }
        }

        IsBroken = true;
        return 0;
    }

    private ulong Fixed(int bytes)
    {
        if (_message.Length - _at < bytes)
        {
            IsBroken = true;
            return 0;
        }

        ulong value = 0;
        for (int i = 0; i < bytes; i++)
        {
            value |= (ulong)_message[_at++] << (8 * i);
        }

        return value;
    }
}
