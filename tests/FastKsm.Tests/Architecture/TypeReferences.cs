using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;

namespace FastKsm.Tests.Architecture;

/// <summary>The types that a compiled type uses: in signatures, fields, locals and instructions. Constants leave no trace.</summary>
internal static class TypeReferences
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> s_opCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    internal static HashSet<Type> Of(Type type)
    {
        HashSet<Type> found = [];
        Add(found, type.BaseType);
        Array.ForEach(type.GetInterfaces(), used => Add(found, used));
        foreach (FieldInfo field in type.GetFields(All))
        {
            Add(found, field.FieldType);
        }

        foreach (MethodBase method in type.GetConstructors(All).Concat<MethodBase>(type.GetMethods(All)))
        {
            AddMember(found, method);
            if (method.GetMethodBody() is { } body)
            {
                foreach (LocalVariableInfo local in body.LocalVariables)
                {
                    Add(found, local.LocalType);
                }

                AddInstructions(found, method, body.GetILAsByteArray()!);
            }
        }

        return found;
    }

    private static void AddInstructions(HashSet<Type> found, MethodBase method, ReadOnlySpan<byte> code)
    {
        Type[]? typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        Type[]? methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        while (!code.IsEmpty)
        {
            const byte TwoBytes = 0xFE;
            OpCode instruction = code[0] == TwoBytes ? s_opCodes[(short)((TwoBytes << 8) | code[1])] : s_opCodes[code[0]];
            code = code[instruction.Size..];
            if (instruction.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
            {
                int token = BinaryPrimitives.ReadInt32LittleEndian(code);
                AddMember(found, method.Module.ResolveMember(token, typeArguments, methodArguments));
            }

            code = code[Length(instruction.OperandType, code)..];
        }
    }

    private static int Length(OperandType operand, ReadOnlySpan<byte> code) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BinaryPrimitives.ReadInt32LittleEndian(code)),
        _ => 4,
    };

    private static void AddMember(HashSet<Type> found, MemberInfo? member)
    {
        Add(found, member as Type ?? member?.DeclaringType);
        switch (member)
        {
            case FieldInfo field:
                Add(found, field.FieldType);
                break;
            case MethodBase method:
                Array.ForEach(method.GetParameters(), parameter => Add(found, parameter.ParameterType));
                Add(found, (method as MethodInfo)?.ReturnType);
                Array.ForEach(method.IsGenericMethod ? method.GetGenericArguments() : [], argument => Add(found, argument));
                break;
            default:
                break;
        }
    }

    private static void Add(HashSet<Type> found, Type? type)
    {
        while (type is { HasElementType: true })
        {
            type = type.GetElementType();
        }

        if (type is null || type.IsGenericParameter || !found.Add(type.IsGenericType ? type.GetGenericTypeDefinition() : type))
        {
            return;
        }

        Array.ForEach(type.GetGenericArguments(), argument => Add(found, argument));
    }
}
