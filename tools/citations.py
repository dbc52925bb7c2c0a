"""Finds what comments and pages name and nobody has: sections, files, functions.

Three kinds of names are resolved:
  vault.md §7, kratos.md §2.14, own-api.md "Throttling"   a numbered or a quoted heading of that page
  flow_store.c, src/db/db_driver.h, test/run               a file of this repository (or a header of a library in use)
  store_record_load, flow_node_find                        a name that the code has outside of its comments
"""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = {".c", ".h"}
# These tell of names elsewhere: Kratos' own source files and functions; what was considered and is not there.
FOREIGN_NAMES = {"docs/kratos.md"}
NO_FUNCTIONS = FOREIGN_NAMES | {"docs/vault.md", "docs/own-api.md", "docs/DECISIONS.md", "CHANGELOG.md"}
TOP_FOLDERS = ("src", "http", "cmd", "include", "test", "fuzz", "bench", "examples", "man", "contrib", "tools", "docs")

COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|(/\*.*?\*/|//[^\n]*)', re.S)
CITED_PAGE = re.compile(r"\b([A-Za-z][\w-]*\.md)\b((?:,? ?(?:§§?|/ ?§)\s?\d+[a-z]?(?:\.\d+)*(?:[–-]\d+[a-z]?)?)*)(,? \"[^\"]{2,60}\")?")
FILE = re.compile(r"(?<![\w./*<-])((?:[\w-]+/)*[a-zA-Z0-9][\w-]*\.(?:c|h|py|js))\b(?!\.)")
PATH = re.compile(rf"(?<![\w./<-])((?:{'|'.join(TOP_FOLDERS)})/[\w./-]*\w)(?![\w*<{{…-])")


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                         check=True).stdout
    return [name for name in out.splitlines() if (ROOT / name).is_file()]


def numbers_of(page):
    """The numbers of a page's headings, and of the numbered points below them: 14.6 is the sixth of section 14."""
    found, section = set(), ""
    for line in page.read_text().splitlines():
        if match := re.match(r"#+ (\d+[a-z]?(?:\.\d+)*)\.?\s", line):
            section = match.group(1)
            found.add(section)
        elif match := re.match(r"(\d+)\. ", line):
            found.add(f"{section}.{match.group(1)}")
    return found


def headings_of(page):
    return [line.lstrip("# ").strip() for line in page.read_text().splitlines() if line.startswith("#")]


def split_code(text):
    """Gives the comments of C text, each with its line, and the text without them."""
    comments = [(text.count("\n", 0, m.start()) + 1, m.group(1)) for m in COMMENT.finditer(text) if m.group(1)]
    return comments, COMMENT.sub(lambda m: " " if m.group(1) else m.group(0), text)


class Names:
    """What can be named: pages with their sections, files, library headers, words of the code."""

    def __init__(self):
        self.files = tracked()
        self.basenames = {Path(name).name for name in self.files}
        self.folders = {str(p) for name in self.files for p in Path(name).parents}
        self.pages = {}
        self.words = set()
        self.comments = {}
        self.headers = set()
        for name in self.files:
            path = ROOT / name
            if path.suffix == ".md":
                self.pages.setdefault(path.name, []).append(path)
            elif path.suffix in CODE:
                text = path.read_text()
                self.comments[name], rest = split_code(text)
                self.words |= set(re.findall(r"\w+", rest))
                self.headers |= {Path(h).name for h in re.findall(r"#\s*include\s*<([^>]+)>", rest)}
            elif path.suffix in {".py", ".js", ".build", ".mjs"} or (path.stat().st_mode & 0o111):
                self.words |= set(re.findall(r"\w+", path.read_text(errors="replace")))
        modules = {Path(n).parts[1] for n in self.files if n.startswith("src/") and len(Path(n).parts) > 2}
        nouns = {Path(n).stem.split("_")[0] for n in self.files if n.startswith(("src/base", "src/json", "src/crypto", "http"))}
        self.function = re.compile(rf"(?<![\w./<$%-])((?:{'|'.join(sorted(modules | nouns))}|ww)_[a-z0-9_]*[a-z0-9])(?![\w*…./-]|\.\w)")

    def has_file(self, name):
        return (name in self.files or name in self.folders or Path(name).name in self.basenames
                or Path(name).name in self.headers)


def problems_of_text(names, text, foreign):
    for match in CITED_PAGE.finditer(text):
        page, sections, heading = match.groups()
        if page not in names.pages:
            yield f"there is no page {page}"
            continue
        numbers = set().union(*(numbers_of(p) for p in names.pages[page]))
        for number in re.findall(r"\d+[a-z]?(?:\.\d+)*", sections or ""):
            if number not in numbers:
                yield f"{page} has no section {number}"
        if heading and not any(heading.strip(', "') in h for p in names.pages[page] for h in headings_of(p)):
            yield f"{page} has no heading{heading}"
    if foreign:
        return
    for match in FILE.finditer(text):
        if not names.has_file(match.group(1)):
            yield f"there is no file {match.group(1)}"
    for match in PATH.finditer(text):
        name = match.group(1).rstrip(".")
        if not names.has_file(name) and not name.startswith(("docs/generated", "test/browser/node_modules")):
            yield f"there is no {name}"


def problems_of_functions(names, text):
    for match in names.function.finditer(text):
        if match.group(1) not in names.words:
            yield f"there is no {match.group(1)}"


def all_problems():
    """One line for each name that nobody has: "file:line: there is no …"."""
    names = Names()
    for name, comments in sorted(names.comments.items()):
        for line, comment in comments:
            for problem in [*problems_of_text(names, comment, False), *problems_of_functions(names, comment)]:
                yield f"{name}:{line}: {problem}"
    for name in sorted(n for n in names.files if n.endswith(".md")):
        for line, text in enumerate((ROOT / name).read_text().splitlines(), 1):
            found = list(problems_of_text(names, text, name in FOREIGN_NAMES))
            if name not in NO_FUNCTIONS:
                for code in re.findall(r"`([^`]+)`", text):
                    found += problems_of_functions(names, code)
            for problem in found:
                yield f"{name}:{line}: {problem}"


if __name__ == "__main__":
    for problem in all_problems():
        print(problem)
