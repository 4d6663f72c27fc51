# SPDX-License-Identifier: Apache-2.0
"""Searching for secrets: in what forms one may lie around, what a core file of a process would hold, and what the vault
keeps wrapped. Used by canary.py, which also shows that each of these finds what is there."""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import pathlib
import re
import sqlite3
import struct
import subprocess

# A piece of a secret this long is found, too: an allocator overwrites the beginning of what it is given back.
PIECE = 12
PAGE = 4096
NOTHING = bytes(PAGE)
# Of one region that is read: a gateway needs a few megabytes.
MOST_BYTES = 1 << 33


class Needle:
    """One secret and the forms to look for. `pieces`: parts of it count, since it is random from end to end."""

    def __init__(self, name, value, pieces=False):
        self.name = name
        self.value = value if isinstance(value, bytes) else value.encode()
        self.forms = {self.value}
        self.forms |= {self.value.hex().encode(), self.value.hex().upper().encode()}
        for shift in range(3):
            # What base64 makes of it in the middle of something longer, without the characters that depend on neighbours.
            text = base64.b64encode(b"\0" * shift + self.value)
            inside = text[(shift * 8 + 5) // 6:len(self.value) * 8 // 6 + (shift * 8 + 5) // 6 - 1].rstrip(b"=")
            self.forms |= {inside, inside.translate(bytes.maketrans(b"+/", b"-_"))}
        if pieces:
            self.forms |= {self.value[at:at + PIECE] for at in range(0, len(self.value) - PIECE + 1, PIECE)}
            self.forms.add(self.value[-PIECE:])

    def in_any(self, haystacks):
        """The names of the haystacks, (name, bytes), that hold it in any form."""
        return [name for name, data in haystacks if any(form in data for form in self.forms)]


class Unreadable(Exception):
    """The memory of this process cannot be looked at; the text says why."""


def without_empty_pages(data):
    """Most of the memory of a program is stacks that nobody stood on."""
    pages = (data[at:at + PAGE] for at in range(0, len(data), PAGE))
    return b"".join(page for page in pages if page != NOTHING[:len(page)])


def regions(pid):
    """The writable memory of a process: (name, flags, bytes). Pages that only repeat a file on the disk are left out, and
    those that are empty."""
    try:
        return list(read_regions(pid))
    except PermissionError:
        raise Unreadable("only root may look at the memory of a program that forbids core files") from None


def read_regions(pid):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for header, flags in re.findall(r"^([0-9a-f]+-[0-9a-f]+ .*?)$(?:.*?)^VmFlags:(.*?)$",
                                        pathlib.Path(f"/proc/{pid}/smaps").read_text(), re.M | re.S):
            span, rights, _, _, _, *name = header.split(maxsplit=5)
            if "w" not in rights:
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            if end - start > MOST_BYTES:
                raise Unreadable("this is a sanitizer's build: its shadow memory cannot be read through")
            memory.seek(start)
            data = bytearray()
            while len(data) < end - start:
                try:
                    piece = memory.read(end - start - len(data))
                except OSError:
                    break  # a guard page, or memory of a device: no core file has it either
                if not piece:
                    break
                data += piece
            yield f"{span} {name[0] if name else 'anonymous'}", flags.split(), without_empty_pages(bytes(data))


def core_image(pid):
    """What a core file would hold, in two lists of (name, bytes): dumped, and marked MADV_DONTDUMP."""
    seen = regions(pid)
    return ([(name, data) for name, flags, data in seen if "dd" not in flags],
            [(name, data, flags) for name, flags, data in seen if "dd" in flags])


def core_by_debugger(pid, folder):
    """gdb's own idea of a core file, as haystacks; None when it may not attach."""
    run = subprocess.run(["gcore", "-o", str(folder / "core"), str(pid)], capture_output=True, text=True, check=False)
    file = folder / f"core.{pid}"
    if run.returncode != 0 or not file.exists():
        return None
    data = without_empty_pages(file.read_bytes())
    file.unlink()
    return [("gcore", data)]


def keys_in_vault(vault_file, root_key):
    """What is wrapped in vault.db, unwrapped with the root key by another implementation than the gateway's
    (docs/formats/sealed.md): {purpose: 32 bytes}."""
    wrapping = hmac.new(root_key, b"hubward root key 1: wrap", hashlib.sha256).digest()
    root_id = hmac.new(root_key, b"hubward root key 1: id", hashlib.sha256).digest()[:8].hex()
    database = sqlite3.connect(f"file:{vault_file}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT k.id, k.purpose, k.connection, w.wrapped FROM vault_keys k "
                                "JOIN vault_wraps w ON w.key = k.id WHERE w.root_key = ?", (root_id,)).fetchall()
    finally:
        database.close()
    found = {}
    for key, purpose, connection, wrapped in rows:
        fields = ["hubward wrapped key 1", root_id, key, purpose, connection]
        bound = b"".join(struct.pack(">I", len(f.encode())) + f.encode() for f in fields)
        found[f"{purpose} {connection}".strip()] = open_sealed(wrapping, bytes(wrapped), bound)
    return found, wrapping


def open_sealed(key, sealed, associated):
    """AES-256-GCM through OpenSSL's library, since Python has none of its own."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    crypto.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
    crypto.EVP_aes_256_gcm.restype = ctypes.c_void_p
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    version, nonce, text, tag = sealed[0], sealed[1:13], sealed[13:-16], sealed[-16:]
    plain, length, last = ctypes.create_string_buffer(len(text) + 16), ctypes.c_int(), ctypes.create_string_buffer(16)
    set_tag = 0x11
    good = version == 1 and all((
        crypto.EVP_DecryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, nonce),
        crypto.EVP_DecryptUpdate(context, None, ctypes.byref(length), associated, len(associated)),
        crypto.EVP_DecryptUpdate(context, plain, ctypes.byref(length), text, len(text)),
        crypto.EVP_CIPHER_CTX_ctrl(context, set_tag, len(tag), tag),
        crypto.EVP_DecryptFinal_ex(context, last, ctypes.byref(length)) > 0))
    crypto.EVP_CIPHER_CTX_free(context)
    if not good:
        raise ValueError("a sealed value does not open")
    return plain.raw[:len(text)]
