"""The manual pages whose lists come from the program: watchword(1) from --help, watchword.yml(5) from config keys."""
import json
import re
import subprocess

HEAD_1 = r""".\" Written by tools/make-docs from the program's own --help.
.Dd $Mdocdate: November 22 2026 $
.Dt WATCHWORD 1
.Os
.Sh NAME
.Nm watchword
.Nd user authentication whose stored data only the user's own credentials can open
.Sh SYNOPSIS
.Nm
.Ar command
.Op Ar option ...
.Sh DESCRIPTION
.Nm
keeps accounts.
Each has a vault whose key is sealed under the user's password, so that a copy of the database opens nothing of it.
It serves sign-up, sign-in and settings over HTTP with pages of its own, and an admin port.
.Pp
.Nm
.Cm init
makes a site: a directory with a configuration, a place for the database, and the server key.
.Nm
.Cm serve
serves it.
The other commands work on the same store, also while it is being served.
.Pp
Passwords come from the terminal or from a descriptor, never from the command line.
.Cm --json
makes every command print JSON, errors included.
"""

TAIL_1 = r""".Sh ENVIRONMENT
Every setting can be given as a variable: its key in capitals with dots as underscores, such as
.Ev SERVE_PUBLIC_PORT
or
.Ev DSN .
.Ev WATCHWORD_SERVER_KEY
gives the server key itself, in hex, with a warning.
.Sh FILES
.Bl -tag -width Ds
.It Pa DIR/watchword.yml
the configuration, see
.Xr watchword.yml 5
.It Pa DIR/data/
the database
.It Pa DIR/keys/server.key
the server key: without it nothing of the database can be opened.
Keep a copy apart from the database's backups.
.El
EXIT
.Sh EXAMPLES
Make a site and serve it:
.Bd -literal -offset indent
watchword init /srv/login
watchword serve -c /srv/login/watchword.yml
.Ed
.Pp
Make an account from a script, store an item, and read it back:
.Bd -literal -offset indent
watchword user create -c site/watchword.yml -t email=ada@example.org \e
    --password-fd 3 3<password
watchword item put -c site/watchword.yml -u ada@example.org \e
    --password-fd 3 note 3<password <note.txt
watchword item get -c site/watchword.yml -u ada@example.org \e
    --password-fd 3 note 3<password
.Ed
.Pp
Print the server key for paper, and test the print:
.Bd -literal -offset indent
watchword server-key export -c site/watchword.yml >print.txt
watchword server-key verify -c site/watchword.yml <print.txt
.Ed
.Sh SEE ALSO
.Xr watchword 3 ,
.Xr watchword.yml 5
"""

HEAD_5 = r""".\" Written by tools/make-docs from the table of settings.
.Dd $Mdocdate: November 22 2026 $
.Dt WATCHWORD.YML 5
.Os
.Sh NAME
.Nm watchword.yml
.Nd configuration of Watchword
.Sh DESCRIPTION
A YAML file.
Its keys have the names that Ory Kratos gives them where Kratos has the setting; what is ours alone stands under
.Cm watchword .
Unknown keys, keys given twice and values out of bounds are refused, with file, line and name.
Keys of Kratos that this version does not act on are each named in a warning.
.Pp
Several files may be given; later ones override.
An environment variable overrides all: the key in capitals with dots as underscores.
.Pp
Sizes are written like
.Li 64MB ,
durations like
.Li 15m ,
.Li 1h30m
or
.Li 30d .
.Nm watchword Cm config Cm check
tests a file;
.Nm watchword Cm config Cm show
prints what is in effect.
.Sh SETTINGS
.Bl -tag -width Ds
"""

TAIL_5 = r""".El
.Sh SEE ALSO
.Xr watchword 1 ,
.Xr watchword 3
"""


def escape(text):
    """Text of one line, safe at the start of a line and within macros."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "")
    return "\\&" + text if text.startswith(".") else text


def sentences(text):
    """mdoc wants a new line for each sentence."""
    return re.sub(r"([a-z)`’]\.) (?=[A-Z])", r"\1\n", text)


def help_of(program, *words):
    return subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True).stdout


def listed(text):
    return re.findall(r"^  (\S+) {2,}(.+)$", text.partition("commands:\n")[2].partition("\n\n")[0], re.M)


def command_section(program, words):
    text = help_of(program, *words)
    about, _, rest = text.partition("\nusage: ")
    lines = [f".Ss {' '.join(words)}"]
    children = listed(text)
    if not children:
        usage = rest.splitlines()[0]
        lines += [".Dl " + escape(usage)]
    for paragraph in about.strip().splitlines():
        lines += [escape(s) for s in sentences(paragraph).splitlines()]
    options = re.findall(r"^ +((?:-\w, )?--\S+(?: [A-Z=-]+)?) {2,}(.+)$", rest, re.M)
    options = [o for o in options if "--help" not in o[0]]
    if options and not children:
        lines += [".Bl -tag -width Ds -compact"]
        for name, what in options:
            lines += [".It Li " + escape(name), escape(what)]
        lines += [".El"]
    for name, _ in children:
        lines += command_section(program, [*words, name])
    return lines


def manual_1(program):
    text = help_of(program)
    lines = [".Sh COMMANDS"]
    for name, _ in listed(text):
        lines += command_section(program, [name])
    codes = re.findall(r"^  (\d)  (.+)$", text, re.M)
    exits = [".Sh EXIT STATUS", ".Bl -tag -width Ds -compact"]
    for code, what in codes:
        exits += [f".It {code}", escape(what)]
    exits += [".El"]
    return HEAD_1 + "\n".join(lines) + "\n" + TAIL_1.replace("EXIT\n", "\n".join(exits) + "\n")


def manual_5(program):
    out = subprocess.run([program, "config", "keys", "--json"], capture_output=True, text=True, check=True).stdout
    lines = []
    for setting in json.loads(out)["settings"]:
        lines += [f".It Cm {escape(setting['key'])} Pq {setting['type']}"]
        lines += [escape(s) for s in sentences(setting["what"]).splitlines()]
        if setting["default"]:
            lines += [f"Default: {escape(setting['default'])}."]
    return HEAD_5 + "\n".join(lines) + "\n" + TAIL_5
