"""ident() of vault.md section 6, by Python's own Unicode data and the package idna."""
import json
import pathlib
import re
import unicodedata

import idna

TABLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "formats" / "ident.md"
# Default_Ignorable_Code_Point, which unicodedata does not have (DerivedCoreProperties.txt).
IGNORABLE = [(0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F),
             (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
             (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)]


def casefold(text):
    """toNFKC_Casefold: folding and NFKC until nothing changes, without what is ignorable."""
    while True:
        kept = "".join(c for c in text if not any(a <= ord(c) <= b for a, b in IGNORABLE))
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", kept).casefold())
        if folded == text:
            return text
        text = folded


def u_labels(domain):
    try:
        return idna.decode(idna.encode(domain, uts46=True, transitional=False, std3_rules=False))
    except (idna.IDNAError, UnicodeError):
        return domain


def ident(text):
    """The one form, or None where the text is refused."""
    if len(text.encode()) > 1024 or any(unicodedata.category(c) == "Cc" for c in text):
        return None
    white = "".join(c for c in set(text) if unicodedata.category(c) in ("Zs", "Zl", "Zp"))
    text = "".join(c for c in text.strip(white or " ") if unicodedata.category(c) != "Cf")
    text = casefold(text)
    if text.count("@") == 1:
        local, domain = text.split("@")
        text = casefold(local + "@" + u_labels(domain))
    if re.fullmatch(r"\+[0-9 ().\-/]+", text) and 7 <= sum(c.isdigit() for c in text) <= 15:
        text = "+" + re.sub(r"[^0-9]", "", text)
    return text


def wrong_rows():
    """The rows of docs/formats/ident.md that do not hold, and how many there are."""
    rows = [re.findall(r"`([^`]*)`", line) for line in TABLE.read_text().splitlines() if line.startswith("| `")]
    return [r for r in rows if ident(json.loads(r[0])) != (json.loads(r[1]) if len(r) > 1 else None)], len(rows)
