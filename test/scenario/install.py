#!/usr/bin/env python3
"""TAP: what `meson install` lays down is enough for a program and for a service manager.

usage: install.py BUILD
"""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from harness import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
EMBED = ROOT / "examples" / "embed.c"
told = []


def tell(what, right):
    told.append(right)
    print(f"{'ok' if right else 'not ok'} {len(told)} - {what}", flush=True)


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


def installed(tree, pattern):
    return next(iter(sorted(tree.rglob(pattern))), None)


def pkg_config(tree, *options):
    found = installed(tree, "libwatchword.pc")
    env = {**os.environ, "PKG_CONFIG_PATH": str(found.parent), "PKG_CONFIG_SYSROOT_DIR": str(tree)}
    # The sysroot is put before every path; those of Debian's own libraries are taken back.
    words = shlex.split(run(["pkg-config", *options, "libwatchword"], env=env, check=True).stdout)
    return [w.replace(str(tree), "") if str(tree) + "/usr/include" in w else w for w in words]


def build_and_run(tree, site, name, link, environment, compiler=("cc",)):
    program = site.parent / name
    command = [*compiler, "-Wall", "-Werror", str(EMBED), "-o", str(program), *pkg_config(tree, "--cflags"), *link]
    done = run(command)
    if done.returncode:
        print("# " + done.stderr.replace("\n", "\n# "))
        return False
    done = run([program, site], env={**os.environ, **environment})
    print("# " + (done.stdout + done.stderr).strip())
    return done.returncode == 0 and done.stdout == "buy figs\n"


def programs(tree, folder):
    """The README's program, linked both ways, each with a site of its own."""
    library = installed(tree, "libwatchword.so").parent
    sites = [folder / "shared-site", folder / "static-site", folder / "cpp-site"]
    for site in sites:
        run([installed(tree, "bin/watchword"), "init", site], check=True)
    shared = pkg_config(tree, "--libs")
    tell("a program links the shared library by pkg-config, and runs",
         build_and_run(tree, sites[0], "embed-shared", shared, {"LD_LIBRARY_PATH": str(library)}))
    if shutil.which("c++"):
        tell("the same program is C++ too, and links",
             build_and_run(tree, sites[2], "embed-cpp", ["-x", "none", *shared], {"LD_LIBRARY_PATH": str(library)},
                           ("c++", "-std=c++20", "-x", "c++")))
    else:
        tell("the same program as C++ # SKIP there is no C++ compiler", True)
    # The archive, and beside it what the library needs, shared as the distribution has it.
    needs = pkg_config(tree, "--print-requires-private")
    others = shlex.split(run(["pkg-config", "--libs", *needs], check=True).stdout)
    static = [*others, "-lzxcvbn", "-lm", "-pthread"]
    tell("the same program links the archive, and runs",
         build_and_run(tree, sites[1], "embed-static", [str(library / "libwatchword.a"), *static], {}))


def symbols(tree):
    def names(path, *options):
        lines = run(["nm", "-g", "--defined-only", *options, path], check=True).stdout.splitlines()
        return {line.split()[2].split("@")[0] for line in lines if len(line.split()) == 3}
    shared = {n for n in names(installed(tree, "libwatchword.so"), "-D") if not n.startswith("WATCHWORD_")}
    archive = names(installed(tree, "libwatchword.a"))
    headers = "".join(p.read_text() for p in tree.rglob("*.h"))
    declared = set(re.findall(r"\b(ww_\w+)\(", headers))
    tell("the shared library exports what the headers declare", bool(declared) and declared <= shared)
    tell("the shared library exports nothing but ww_ names", all(n.startswith("ww_") for n in shared))
    tell("the archive exports the same names", archive == shared)


def notified(server, kinds):
    text = ""
    try:
        while not all(kind in text for kind in kinds):
            text += server.recv(4096).decode() + "\n"
    except TimeoutError:
        print(f"# heard only: {text!r}")
        return False
    return True


def service(tree, folder):
    """READY=1 comes when the port answers, STOPPING=1 when a stop begins; an inherited socket is used."""
    if "sd_notify" not in run(["nm", "-D", "--undefined-only", installed(tree, "bin/watchword")]).stdout:
        for what in ("readiness", "stop"):
            tell(f"{what} # SKIP built without libsystemd", True)
        return
    where = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(where)
        manager.settimeout(20)
        env = {**os.environ, "NOTIFY_SOCKET": where, "SERVE_PUBLIC_PORT": str(free_port()),
               "SERVE_ADMIN_PORT": str(free_port())}
        program = subprocess.Popen([installed(tree, "bin/watchword"), "serve", "-c",
                                    folder / "shared-site" / "watchword.yml"], env=env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ready = notified(manager, ["READY=1"])
        with socket.create_connection(("127.0.0.1", int(env["SERVE_PUBLIC_PORT"])), 5) as c:
            c.sendall(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            tell("the service manager is told when the port answers", ready and b" 200 " in c.recv(4096))
        program.send_signal(signal.SIGTERM)
        stopping = notified(manager, ["STOPPING=1"])
        tell("the service manager is told of a stop, which is clean", stopping and program.wait(30) == 0)


def papers(tree):
    names = ["watchword.1", "watchword.3", "watchword.yml.5", "watchword.service", "watchword.socket"]
    tell("manual pages and units are installed", all(installed(tree, n + "*") for n in names))
    tell("the README holds the program of examples/embed.c", EMBED.read_text() in (ROOT / "README.md").read_text())


def main():
    print("1..10")
    with tempfile.TemporaryDirectory(prefix="watchword-install-") as name:
        folder = Path(name)
        tree = folder / "tree"
        run(["meson", "install", "-C", sys.argv[1], "--no-rebuild", "--destdir", tree], check=True)
        programs(tree, folder)
        symbols(tree)
        service(tree, folder)
        papers(tree)
    return 0 if all(told) and len(told) == 10 else 1


if __name__ == "__main__":
    sys.exit(main())
