"""Writes files as C arrays: embed.py OUTPUT INPUT…"""
import os
import sys

output, inputs = sys.argv[1], sys.argv[2:]
with open(output, "w", encoding="ascii") as out:
    out.write("#include <stddef.h>\n\n")
    for i, name in enumerate(inputs):
        with open(name, "rb") as source:
            data = source.read()
        out.write(f"static const unsigned char text_{i}[] = {{")
        for k, byte in enumerate(data + b"\0"):
            out.write(("\n    " if k % 20 == 0 else " ") + f"{byte},")
        out.write("\n};\n\n")
    out.write("struct schema_document {\n    const char *name;\n    const unsigned char *text;\n    size_t size;\n};\n")
    out.write("extern const struct schema_document schema_documents[];\n")
    out.write("const struct schema_document schema_documents[] = {\n")
    for i, name in enumerate(inputs):
        out.write(f'    {{"{os.path.basename(name)}", text_{i}, sizeof text_{i} - 1}},\n')
    out.write("    {NULL, NULL, 0},\n};\n")
