#!/usr/bin/env python3
"""Stopping and starting: SIGTERM finishes what is under way, a restart loses nothing, and two servers do not
share a port."""
import http.client
import signal
import socket
import time

from operate import PASSWORD, Person, eventually, run_all


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


if __name__ == "__main__":
    run_all(a_request_under_way_is_finished, a_stopping_server_takes_nothing_new, everything_survives_a_restart,
            a_hangup_does_no_harm, a_port_is_served_once)
