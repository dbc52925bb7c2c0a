"""Reads the module table of meson.build: the one place that says who may include whom."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def module_table():
    """Module name to the list of modules it may include, from the lowest tier to the highest."""
    text = (ROOT / "meson.build").read_text()
    table = text[text.index("modules = ["):text.index("public_include")]
    rows = re.findall(r"\['(\w+)',\s*\[([^\]]*)\]\]", table)
    return {name: re.findall(r"'(\w+)'", allowed) for name, allowed in rows}
