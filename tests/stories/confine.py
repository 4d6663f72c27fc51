# SPDX-License-Identifier: Apache-2.0
"""`confine.py PROGRAM [ARGUMENT...]`: runs a program under what deploy/hubward.service allows it, as far as that can be
had without systemd as the service manager: its system calls, address families, namespaces and limits, no capability, no new
privileges, no memory that is writable and executable. A call that is not allowed ends the program at once, where
systemd would only fail it, so that nothing is overlooked. The groups of system calls are systemd's own."""
import ctypes
import errno
import os
import pathlib
import re
import resource
import subprocess
import sys

UNIT = pathlib.Path(__file__).resolve().parents[2] / "deploy/hubward.service"
ALLOW, ERRNO, KILL = 0x7fff0000, 0x00050000, 0x80000000  # SCMP_ACT_*
EQUAL, GREATER, MASKED_EQUAL = 4, 6, 7  # SCMP_CMP_*
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
PROT_WRITE, PROT_EXEC = 2, 4
NAMESPACES = 0x7e020000  # every CLONE_NEW* flag


def settings():
    """Every setting of the unit with its values, in order."""
    values = {}
    for line in UNIT.read_text().splitlines():
        if found := re.match(r"(\w+)=(.*)", line):
            values.setdefault(found[1], []).append(found[2].strip())
    return values


def groups():
    """Of `systemd-analyze syscall-filter`: each group with the calls and groups in it."""
    run = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True)
    found, current = {}, None
    for line in run.stdout.splitlines():
        if line.startswith("@"):
            current = found.setdefault(line.strip(), set())
        elif line.startswith("    ") and not line.strip().startswith("#") and current is not None:
            current.add(line.strip())
    return found


def expanded(names, known):
    calls = set()
    for name in names:
        calls |= expanded(known[name], known) if name.startswith("@") else {name}
    return calls


def allowed_calls(unit):
    """As systemd reads the lines: the first allows, those with ~ take away; @default stays whatever is taken away."""
    known = groups()
    calls = set()
    for line in unit["SystemCallFilter"]:
        if line.startswith("~"):
            calls -= expanded(line[1:].split(), known)
        else:
            calls |= expanded(line.split(), known)
    return calls | expanded(["@default"], known)


class Compare(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operation", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self):
        self.seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.seccomp.seccomp_init.restype = ctypes.c_void_p
        self.filter = ctypes.c_void_p(self.seccomp.seccomp_init(ctypes.c_uint32(KILL)))

    def rule(self, action, call, *compared):
        number = self.seccomp.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return  # of another architecture
        array = (Compare * len(compared))(*compared)
        failed = self.seccomp.seccomp_rule_add_array(self.filter, ctypes.c_uint32(action), number, len(compared), array)
        if failed:
            sys.exit(f"confine.py: no rule for {call}: {os.strerror(-failed)}")

    def load(self):
        if failed := self.seccomp.seccomp_load(self.filter):
            sys.exit(f"confine.py: the filter was refused: {os.strerror(-failed)}")


def install_filter(unit):
    rules = Filter()
    families = [FAMILIES[name] for name in unit["RestrictAddressFamilies"][0].split()]
    for call in sorted(allowed_calls(unit)):
        if call == "socket":
            allow_sockets(rules, families)
        elif call in ("mmap", "mprotect", "pkey_mprotect") and unit["MemoryDenyWriteExecute"] == ["yes"]:
            deny_write_execute(rules, call)
        elif call in ("clone", "clone3", "setns", "unshare") and unit["RestrictNamespaces"] == ["yes"]:
            deny_namespaces(rules, call)
        else:
            rules.rule(ALLOW, call)
    if os.geteuid() == 0:
        # As root, and only then, SQLite gives the files it makes to the database's owner; systemd's answer is enough.
        rules.rule(ERRNO | errno.EPERM, "fchown")
    rules.load()


def allow_sockets(rules, families):
    """The same answer as systemd's: EAFNOSUPPORT for every other family."""
    refuse = ERRNO | errno.EAFNOSUPPORT
    for family in range(max(families) + 1):
        rules.rule(ALLOW if family in families else refuse, "socket", Compare(0, EQUAL, family, 0))
    rules.rule(refuse, "socket", Compare(0, GREATER, max(families), 0))


def deny_write_execute(rules, call):
    """A mapping may be executable when it is not writable; a mapping that exists may not become executable."""
    rules.rule(ALLOW, call, Compare(2, MASKED_EQUAL, PROT_EXEC, 0))
    if call == "mmap":
        rules.rule(ALLOW, call, Compare(2, MASKED_EQUAL, PROT_EXEC | PROT_WRITE, PROT_EXEC))


def deny_namespaces(rules, call):
    """Threads and processes, but in no namespace of their own. What clone3 is asked cannot be looked at: systemd says that
    there is no such call, and the C library asks clone."""
    if call == "clone":
        rules.rule(ALLOW, call, Compare(0, MASKED_EQUAL, NAMESPACES, 0))
    if call == "clone3":
        rules.rule(ERRNO | errno.ENOSYS, call)


def main():
    unit = settings()
    system = ctypes.CDLL(None, use_errno=True)
    size = lambda text: int(text[:-1]) * 1024 * 1024 if text.endswith("M") else int(text)
    for setting, limit in (("LimitCORE", resource.RLIMIT_CORE), ("LimitMEMLOCK", resource.RLIMIT_MEMLOCK),
                           ("LimitNOFILE", resource.RLIMIT_NOFILE)):
        most = size(unit[setting][0])
        _, hard = resource.getrlimit(limit)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))
    os.umask(int(unit["UMask"][0], 8))
    if os.geteuid() == 0:
        drop_capabilities(system)
    if system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("confine.py: new privileges cannot be forbidden")
    install_filter(unit)
    os.execv(sys.argv[1], sys.argv[1:])


def drop_capabilities(system):
    """Root without a capability is nobody in particular; the files it made are still its own."""
    last = int(pathlib.Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        if system.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            sys.exit(f"confine.py: capability {capability} cannot be dropped")
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if system.capset(header, data) != 0:
        sys.exit("confine.py: capabilities cannot be dropped")


if __name__ == "__main__":
    main()
