#!/usr/bin/env python3
"""Stopping and starting: SIGTERM finishes what is under way, a restart loses nothing, and two servers do not
share a port."""
import http.client
import os
import signal
import socket
import subprocess
import time

from operate import PASSWORD, PROGRAM, Person, eventually, run_all


def a_request_under_way_is_finished(t, site):
    """The body of a write is sent slowly; SIGTERM comes between its halves."""
    site.start()
    ada = Person(site, "ada@example.org")
    ada.register()
    value = b"x" * 1000
    with socket.create_connection(("127.0.0.1", site.public), timeout=10) as s:
        s.sendall(b"PUT /vault/items/slow HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Session-Token: %s\r\n"
                  b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
                  % (site.public, ada.token.encode(), len(value)) + value[:500])
        time.sleep(0.3)
        site.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        alive = site.process.poll() is None
        s.sendall(value[500:])
        answer = b""
        while chunk := s.recv(4096):
            answer += chunk
    t.check("the server waits for the rest of the request", alive)
    t.check("and answers it", answer.startswith(b"HTTP/1.1 201"), answer[:300])
    t.check("then it ends with 0", eventually(lambda: site.process.poll() is not None) and site.process.returncode == 0,
            site.process.returncode)
    site.start()
    ada.close()
    t.check("what it acknowledged is there after the restart", ada.get("slow").body == value)


def a_stopping_server_takes_nothing_new(t, site):
    site.start()
    ada = Person(site, "ada@example.org")
    ada.register()
    with socket.create_connection(("127.0.0.1", site.public), timeout=10) as s:
        s.sendall(b"PUT /vault/items/slow HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 10\r\n\r\n" % site.public)
        time.sleep(0.2)
        site.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        try:
            site.get("/health/alive")
            refused = False
        except (OSError, http.client.HTTPException):
            refused = True
    t.check("a new connection is refused while it stops", refused)
    t.check("it does not wait for who went away", eventually(lambda: site.process.poll() is not None, 15))


def everything_survives_a_restart(t, site):
    site.start()
    ada = Person(site, "ada@example.org")
    ada.register()
    ada.put("note", "kept")
    for number, name in ((signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")):
        site.process.send_signal(number)
        ended = eventually(lambda: site.process.poll() is not None)
        t.check(f"{name} ends it with 0", ended and site.process.returncode == 0, site.process.returncode)
        site.start()
        ada.close()
        t.check(f"after {name} the session is good and the note readable",
                ada.whoami().status == 200 and ada.get("note").body == b"kept")
    ada.login()
    t.check("and the password signs in", ada.token is not None and ada.get("note").body == b"kept")
    t.check("two stops leave no write-ahead log behind", site.stop() == 0 and not site.database.with_name("watchword.db-wal").exists())


def an_output_that_nobody_takes_is_no_failure(t, site):
    """Standard output to a full disk, and to a pipe whose reader has gone."""
    for name in ("/dev/full", "a pipe"):
        read, write = os.pipe()
        os.close(read)
        with open("/dev/full", "wb") as full, open(site.directory / "log", "ab") as log:
            process = subprocess.Popen([PROGRAM, "serve", "--dev", "-c", str(site.config)], env=site.environment({}),
                                       stdin=subprocess.DEVNULL, stdout=full if name == "/dev/full" else write, stderr=log)
        os.close(write)
        t.check(f"with standard output to {name} it serves", eventually(site.is_ready, 20), site.log()[-500:])
        process.send_signal(signal.SIGTERM)
        t.check(f"and SIGTERM ends it with 0 ({name})", process.wait(30) == 0, process.returncode)
    t.check("it says so in the log", "standard output cannot be written" in site.log(), site.log()[-500:])


def a_hangup_does_no_harm(t, site):
    site.start()
    with socket.create_connection(("127.0.0.1", site.public)) as s:
        s.sendall(b"GET /health/alive HTTP/1.1\r\nHost: x")
    ada = Person(site, "ada@example.org")
    t.check("a client that goes away mid-request harms nobody", ada.register().status == 200)
    with socket.create_connection(("127.0.0.1", site.public)) as s:
        s.sendall(b"GET /health/alive HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % site.public * 50)
    t.check("nor one that does not read its answers", ada.whoami().status == 200)


def a_port_is_served_once(t, site):
    site.start()
    second = site.refused_start()
    t.check("a second server on the same port ends with 1", second.code == 1, second)
    t.check("and names the address", str(site.public) in second.err and "in use" in second.err.lower(), second)
    t.check("the first one goes on", site.is_ready())
    made = site.run("user", "create", "-t", "email=bob@example.org", "--password-fd", "0", stdin=PASSWORD + "\n")
    t.check("commands work beside a running server", made.code == 0, made)
    bob = Person(site, "bob@example.org")
    t.check("which sees what they did", bob.login().status == 200)


def signals_that_ask_for_a_reload_do_no_harm(t, site):
    site.start()
    ada = Person(site, "ada@example.org")
    ada.register()
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGXFSZ):
        site.process.send_signal(number)
        time.sleep(0.2)
        t.check(f"{signal.Signals(number).name} does not end the server",
                site.process.poll() is None and ada.whoami().status == 200)
    t.check("SIGTERM still does", site.stop() == 0)


def each_taken_port_is_named(t, site):
    for name, mine, other in (("public", "public", "admin"), ("admin", "admin", "public")):
        with socket.socket() as s:
            s.bind(("127.0.0.1", getattr(site, mine)))
            s.listen()
            ran = site.refused_start()
        t.check(f"the taken {name} port is named, the other is not",
                ran.code == 1 and str(getattr(site, mine)) in ran.err and name in ran.err
                and str(getattr(site, other)) not in ran.err, ran)


def hosts_are_listened_on(t, site):
    """As an address in brackets, and as a star for all."""
    del site.settings["SERVE_PUBLIC_BASE_URL"]
    if not socket.has_ipv6:
        return t.skip("IPv6", "there is none")

    def reached(family, address):
        with socket.socket(family) as s:
            try:
                s.connect((address, site.public))
                return True
            except OSError:
                return False

    for host, four, url in (("[::1]", False, f"http://[::1]:{site.public}/"), ("::1", False, f"http://[::1]:{site.public}/"),
                            ("*", True, f"http://localhost:{site.public}/")):
        site.launch({"SERVE_PUBLIC_HOST": host})
        t.check(f"{host} listens on ::1", eventually(lambda: reached(socket.AF_INET6, "::1")), site.log()[-500:])
        t.check(f"{host} and on 127.0.0.1: {four}", reached(socket.AF_INET, "127.0.0.1") == four)
        t.check(f"{host} is reached by {url}", eventually(lambda u=url: f"public: {u}," in site.log()), site.log()[-500:])
        site.stop()
        (site.directory / "log").unlink()


def the_port_moves_all_that_is_made_of_it(t, site):
    """A site of `init` with nothing but another port in the environment."""
    for key in ("SERVE_PUBLIC_BASE_URL", "SERVE_ADMIN_BASE_URL"):
        del site.settings[key]
    site.start()
    base = f"http://127.0.0.1:{site.public}/"
    t.check("/ leads to the pages at the port", site.get("/").header("Location").startswith(base), site.get("/"))
    begun = site.get("/self-service/login/browser", headers={"Accept": "text/html"})
    t.check("a flow's page too", begun.header("Location").startswith(base + "ui/login?flow="), begun)
    cookies = begun.headers.get_all("Set-Cookie")
    t.check("whose cookies come back over http", cookies and all("Secure" not in c for c in cookies), cookies)
    to_admin = site.get("/admin/identities").header("Location")
    t.check("and the admin port's address", to_admin == f"http://127.0.0.1:{site.admin}/admin/identities", to_admin)
    ada = Person(site, "ada@example.org")
    ada.register()
    own = site.request("PUT", "/vault/items/a", b"1", {"Cookie": f"ory_kratos_session={ada.token}", "Origin": base[:-1]})
    t.check("and the origin that is ours", own.status == 201, own)
    site.stop()
    site.settings["SERVE_PUBLIC_BASE_URL"] = "https://id.example.org/auth/"
    site.launch()
    eventually(site.is_ready)
    begun = site.get("/self-service/login/browser?x=1", headers={"Accept": "application/json", "Host": "id.example.org"})
    cookies = begun.headers.get_all("Set-Cookie")
    t.check("an https address makes cookies secure", cookies and all("; Secure" in c for c in cookies), cookies)
    t.check("request_url has the path of the address",
            begun.json["request_url"] == "https://id.example.org/auth/self-service/login/browser?x=1", begun.json["request_url"])
    t.check("as all addresses have", begun.json["ui"]["action"].startswith("https://id.example.org/auth/self-service/login?"))


def a_start_without_a_file(t, site):
    ran = site.run("serve", config=False, dev=False, timeout=20)
    t.check("serve without -c asks for it, or for the variable", ran.code == 3 and "-c FILE" in ran.err and "DSN" in ran.err, ran)
    site.settings.update(DSN=f"sqlite://{site.database}", IDENTITY_SCHEMAS='[{"id":"default","url":"preset://email"}]',
                         WATCHWORD_SERVER_KEY_FILE=site.key)
    with open(site.directory / "log", "ab") as log:
        site.process = subprocess.Popen([PROGRAM, "serve", "--dev"], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                        env=site.environment())
    t.check("and obeys the environment", eventually(site.is_ready, 20), site.log()[-500:])
    t.check("all of it", Person(site, "ada@example.org").register().status == 200)


if __name__ == "__main__":
    run_all(a_request_under_way_is_finished, a_stopping_server_takes_nothing_new, everything_survives_a_restart,
            an_output_that_nobody_takes_is_no_failure, a_hangup_does_no_harm, a_port_is_served_once, signals_that_ask_for_a_reload_do_no_harm,
            each_taken_port_is_named, hosts_are_listened_on, the_port_moves_all_that_is_made_of_it, a_start_without_a_file)
