#!/usr/bin/env python3
"""Runs client.mjs against the program, on each database; the last line is "N passed, N failed"."""
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from harness import Site, databases  # noqa: E402


def main():
    if not (HERE / "node_modules").exists():
        sys.exit("the packages are missing: npm ci in test/client (./dev test does it)")
    passed = failed = 0
    for database in databases():
        print(f"-- {database}", flush=True)
        with Site(database) as site:
            addresses = {"PUBLIC": f"http://127.0.0.1:{site.public}", "ADMIN": f"http://127.0.0.1:{site.admin}"}
            done = subprocess.run(["node", str(HERE / "client.mjs")], env={**os.environ, **addresses},
                                  stdout=subprocess.PIPE, text=True, timeout=120)
            print(done.stdout, flush=True)
            count = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
            passed += int(count.group(1)) if count else 0
            failed += int(count.group(2)) if count else 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
