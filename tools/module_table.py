"""Reads the module table of meson.build: the one place that says who may include whom, and who owns which library."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = r"(?:dependency|cc\.find_library)\('([\w.-]+)'"


def module_table():
    """Module name to the list of modules it may include, from the lowest tier to the highest."""
    text = (ROOT / "meson.build").read_text()
    table = text[text.index("modules = ["):text.index("public_include")]
    rows = re.findall(r"\['(\w+)',\s*\[([^\]]*)\]\]", table)
    return {name: re.findall(r"'(\w+)'", allowed) for name, allowed in rows}


def include_table(folder):
    """The modules of src/ whose headers the meson.build files of a folder name."""
    text = "".join(path.read_text() for path in sorted((ROOT / folder).rglob("meson.build")))
    looped = "".join(re.findall(r"foreach m : \[([^\]]*)\]", text))
    return sorted(set(re.findall(r"include_of\['(\w+)'\]", text)) | set(re.findall(r"'(\w+)'", looped)))


def library_table():
    """Library to the modules and folders that are given its headers."""
    text = (ROOT / "meson.build").read_text()
    names = dict(re.findall(rf"^(\w+) = {LIBRARY}", text, re.M))
    table = text[text.index("third_party = {"):text.index("}", text.index("third_party = {"))]
    owners = {}
    for module, row in re.findall(r"'(\w+)': \[(.*)\]", table):
        for library in [*re.findall(LIBRARY, row), *(names[w] for w in re.findall(r"\b\w+\b", row) if w in names)]:
            owners.setdefault(library, set()).add(module)
    for folder in ("http", "cmd"):
        for path in sorted((ROOT / folder).rglob("meson.build")):
            for library in re.findall(LIBRARY, path.read_text()):
                owners.setdefault(library, set()).add(folder)
    return owners
