#!/usr/bin/env python3
"""Writes the files of this folder as one C table (template.h): embed.py OUT FILE…

Indentation, comments and line ends that only serve whoever edits the files are left out.
"""
import os
import re
import sys


def shorten(name, text):
    if name.endswith(".css"):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = re.sub(r"\s+", " ", text)
        text = re.sub(r"\s*([{};,>])\s*", r"\1", text)
        return re.sub(r":\s+", ":", text).strip()
    if name.endswith(".html"):
        text = re.sub(r"\{\{!.*?\}\}", "", text, flags=re.S)
    lines = [line.strip() for line in text.splitlines()]
    if name.endswith(".js"):
        lines = [line for line in lines if not line.startswith("//")]
    shortened = ""
    for line in filter(None, lines):
        alone = re.fullmatch(r"\{\{[#^/>][^{}]*\}\}", line) and name.endswith(".html")
        shortened += line if alone else line + "\n"
    return shortened


def literal(text):
    out = []
    for line in text.splitlines(keepends=True):
        data = "".join(
            chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else "\\%03o" % b for b in line.encode()
        )
        out += ['    "%s"' % part for part in re.findall(r"(?:\\\d\d\d|[^\\]){1,100}", data)]
    return "\n".join(out) or '    ""'


def main():
    out, files = sys.argv[1], sys.argv[2:]
    with open(out, "w") as f:
        f.write('#include "template.h"\n\n#pragma GCC diagnostic ignored "-Woverlength-strings"\n\nconst struct page_file page_files[] = {\n')
        for path in files:
            name = os.path.basename(path)
            text = shorten(name, open(path, encoding="utf-8").read())
            f.write('    {"%s",\n%s,\n     %d},\n' % (name, literal(text), len(text.encode())))
        f.write("    {0},\n};\n")


main()
