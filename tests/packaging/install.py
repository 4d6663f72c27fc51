# SPDX-License-Identifier: Apache-2.0
"""The Debian packages in a fresh Debian 12: `install.py FOLDER_OF_DEBS`, as root, with debootstrap (./dev package --try).
Installs, looks at what is there, boots it with systemd where systemd-nspawn is installed and lets in_fresh_debian.py try
the service, removes, purges. Downloads about 100 MB."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = "adduser,dbus,man-db,openssl,python3,systemd"
BOOT_SECONDS = 240


def run(*words, **options):
    """Runs to its end; what it printed, or an end of everything with that."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout


def expect(condition, what):
    if not condition:
        sys.exit(f"not so: {what}")
    print(f"  {what}")


class Debian:
    def __init__(self, folder):
        self.root = folder / "debian"
        mirror = os.environ.get("HUBWARD_DEBIAN_MIRROR", "http://deb.debian.org/debian")
        run("debootstrap", "--variant=minbase", f"--include={INCLUDE}", "bookworm", self.root, mirror)

    def run(self, *words):
        return run("chroot", self.root, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", *words)

    def facts(self, path):
        return self.run("stat", "-c", "%a %U:%G", path).strip()

    def has(self, path):
        return (self.root / path.lstrip("/")).exists()

    def boot(self):
        """Until in_fresh_debian.py has powered it off again; whether it was content."""
        (self.root / "etc/systemd/system/try.service").write_text(
            "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'python3 -B /repository/tests/"
            "packaging/in_fresh_debian.py; echo $? >/root/try.rc; systemctl --no-block poweroff'\n"
            "StandardOutput=file:/root/try.log\nStandardError=inherit\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        wants = self.root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / "try.service").symlink_to("/etc/systemd/system/try.service")
        # Where no systemd runs, there is nobody to ask for a scope.
        alone = [] if pathlib.Path("/run/systemd/system").is_dir() else ["--keep-unit"]
        # A container of nspawn's may not lock memory unless it is told that it may.
        run("timeout", "--signal=KILL", BOOT_SECONDS, "systemd-nspawn", "--quiet", f"--directory={self.root}", "--boot",
            "--register=no", "--private-network", "--system-call-filter=@memlock", f"--bind-ro={ROOT}:/repository", *alone,
            stdin=subprocess.DEVNULL)
        (wants / "try.service").unlink()
        if alone:
            clear_control_groups()
        print((self.root / "root/try.log").read_text(), end="")
        expect((self.root / "root/try.rc").read_text().strip() == "0", "the service did all that was asked of it")


def clear_control_groups():
    """What nspawn leaves behind where no systemd tidies up; a group that is still used cannot be removed."""
    for top in [*pathlib.Path("/sys/fs/cgroup").glob("*/payload"), *pathlib.Path("/sys/fs/cgroup").glob("*/supervisor")]:
        for group in sorted((path for path in [top, *top.rglob("*")] if path.is_dir()), reverse=True):
            group.rmdir()


def installed(debian, debs):
    for deb in debs:
        shutil.copy(deb, debian.root / "root")
        needs = debian.run("dpkg-deb", "--field", f"/root/{deb.name}", "Depends")
        expect("libssl3 (>= 3.0.14)" in needs, f"{deb.name} asks for the OpenSSL that the build asks for")
    debian.run("apt-get", "install", "-y", "--no-install-recommends", *(f"/root/{deb.name}" for deb in debs))
    print(debian.run("hubward", "--version"), end="")
    expect(debian.facts("/var/lib/hubward") == "700 hubward:hubward", "the store's folder is the gateway's alone")
    expect(debian.facts("/etc/hubward") == "750 root:hubward", "the configuration's folder is root's, readable by the gateway")
    expect(debian.run("systemctl", "is-enabled", "hubward").strip() == "enabled", "the service is enabled")
    for page in ("hubward", "hubward.toml", "hubspot-sandbox"):
        expect(debian.run("man", "-w", page).strip(), f"man finds {page}")
    completed = debian.run("bash", "-c", "source /usr/share/bash-completion/completions/hubward; complete -p hubward")
    expect("_hubward" in completed, "bash completes")


def checked(debian):
    """The example configuration, with the files that it names."""
    debian.run("sh", "-c", "cp /usr/share/doc/hubward/examples/hubward.toml /etc/hubward/ && install -d -m 755 /etc/hubward/tls"
               " && cd /etc/hubward && for door in egress public; do openssl req -x509 -newkey ec -pkeyopt"
               " ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout tls/$door.key -out tls/$door.crt; done"
               " && umask 077 && printf secret >crm.secret && chown hubward tls/*.key crm.secret")
    said = debian.run("runuser", "-u", "hubward", "--", "hubward", "check")
    expect("crm" in said, "hubward check is content with the example configuration")
    debian.run("sh", "-c", "rm -r /etc/hubward/*")


def removed(debian):
    files = [path for path in debian.run("dpkg", "-L", "hubward", "hubward-sandbox").split() if not (debian.root / path[1:]).is_dir()]
    kept = "/etc/hubward/hubward.toml"
    debian.run("sh", "-c", f"touch {kept} /var/lib/hubward/vault.db")
    debian.run("apt-get", "remove", "-y", "hubward", "hubward-sandbox")
    left = [path for path in files if debian.has(path)]
    expect(not left, f"removed, {len(files)} files are gone {left or ''}")
    said = debian.run("dpkg", "--purge", "hubward")
    expect(debian.has(kept) and debian.has("/var/lib/hubward/vault.db"), "purged, configuration and store are untouched")
    expect(re.search("/var/lib/hubward is not empty", said), "and it says so")


def main():
    debs = sorted(deb for deb in pathlib.Path(sys.argv[1]).glob("*.deb") if "dbgsym" not in deb.name)
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("this needs root and debootstrap")
    with tempfile.TemporaryDirectory(prefix="hubward-debian-") as folder:
        debian = Debian(pathlib.Path(folder))
        installed(debian, debs)
        checked(debian)
        if shutil.which("systemd-nspawn"):
            debian.boot()
        else:
            print("  not booted: systemd-nspawn is not installed (systemd-container)")
        debian.run("apt-get", "install", "-y", "--reinstall", *(f"/root/{deb.name}" for deb in debs))
        removed(debian)


if __name__ == "__main__":
    main()
