#!/usr/bin/env python3
"""Stands in for a service manager in tests: keeps descriptors that a service hands it by the notify protocol (FDSTORE,
FDSTOREREMOVE, READY), and when all its processes are gone but it had not taken its descriptors back starts it anew with all of them.

fake_manager.py LOG [options that are noted in LOG and ignored] -- COMMAND...
Returns when the service says READY=1, as systemd-run does for Type=notify. LOG: a line an event."""
import array
import ctypes
import fcntl
import os
import select
import socket
import sys
import tempfile

PR_SET_CHILD_SUBREAPER = 36
KCMP = 312 if os.uname().machine == "x86_64" else 272
KCMP_FILE = 0


def start(command, address, store):
    pid = os.fork()
    if pid != 0:
        return pid
    names = list(store)
    high = [fcntl.fcntl(store[name], fcntl.F_DUPFD, 1000) for name in names]
    for at, fd in enumerate(high):
        os.dup2(fd, 3 + at, inheritable=True)
    environment = {"NOTIFY_SOCKET": address}
    if names:
        environment.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=":".join(names))
    os.closerange(3 + len(names), 2000)
    os.execve(command[0], command, environment)


def same_file(one, other):
    """As a service manager does: a descriptor that it has already is not kept twice."""
    own = os.getpid()
    return ctypes.CDLL(None).syscall(KCMP, own, own, KCMP_FILE, one, other) == 0


def receive(notify, store, note):
    data, ancillary, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(16 * 4))
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    fields = dict(line.split("=", 1) for line in data.decode().split("\n") if "=" in line)
    name = fields.get("FDNAME", "stored")
    if fields.get("FDSTOREREMOVE") == "1" and name in store:
        os.close(store.pop(name))
        note(f"removed {name}")
    if fields.get("FDSTORE") == "1":
        known = name in store and same_file(store[name], fds[0])
        if known:
            os.close(fds[0])
        else:
            store[name] = fds[0]
            note(f"stored {name}")
    return fields.get("READY") == "1"


def manage(command, note, ready):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    address = os.path.join(tempfile.mkdtemp(prefix="understudy-notify-"), "notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(address)
    store = {}
    start(command, address, store)
    while True:
        if select.select([notify], [], [], 0.01)[0]:
            if receive(notify, store, note) and ready is not None:
                os.write(ready, b"1")
                os.close(ready)
                ready = None
            continue
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid != 0:
                note(f"ended {pid} {'by itself' if status == 0 else 'of a fault'}")
        except ChildProcessError:
            if not store:
                break
            note(f"started anew with {len(store)}")
            start(command, address, store)
    note(f"over with {len(store)}")
    os.unlink(address)
    os.rmdir(os.path.dirname(address))


def main():
    log, at = sys.argv[1], sys.argv.index("--")
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(text):
        os.write(file, f"{text}\n".encode())

    note(f"asked {' '.join(sys.argv[2:at])}")
    waits, ready = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(waits)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        manage(sys.argv[at + 1 :], note, ready)
        os._exit(0)
    os.close(ready)
    sys.exit(0 if os.read(waits, 1) == b"1" else 1)


main()
