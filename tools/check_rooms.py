#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses an include that src/modules.cmake does not declare: a room that is not needed, an arrow that points up, or a
foreign header outside the room that owns it. Tests may also include doctest and the rooms above them in the table."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FREE = re.compile(r"^(fmt/|doctest/|[a-z_0-9]+$|sys/|net(inet)?/|arpa/|linux/|[a-z]+\.h$)")


def read_modules():
    text = re.sub(r"#.*", "", (ROOT / "src/modules.cmake").read_text())
    rooms = {}
    for body in re.findall(r"^module\(([^)]*)\)", text, re.M):
        words, current = body.split(), None
        room = {"DIR": ["src/" + words[0]], "NEEDS": [], "USES": [], "OWNS": [], "DEFINES": [],
                "line": len(rooms)}
        for word in words[1:]:
            if word in ("DIR", "NEEDS", "USES", "OWNS", "DEFINES"):
                current = word
                if word == "DIR":
                    room["DIR"] = []
            else:
                room[current].append(word)
        rooms[words[0]] = room
    return rooms


def main():
    rooms, wrong = read_modules(), []
    sentences = (ROOT / "src/README.md").read_text()
    owners = [(prefix, name) for name, room in rooms.items() for prefix in room["OWNS"]]
    for name, room in rooms.items():
        if f"`{name}`" not in sentences:
            wrong.append(f"src/README.md: room {name} has no sentence")
        for need in room["NEEDS"]:
            if need not in rooms or rooms[need]["line"] >= room["line"]:
                wrong.append(f"src/modules.cmake: {name} needs {need}, which does not stand above it")
        folder = ROOT / room["DIR"][0]
        for path in sorted(folder.glob("*.[ch]pp")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
                if not found:
                    continue
                where, target = f"{path.relative_to(ROOT)}:{number}", found[2]
                if found[1] == '"':
                    other = target.split("/")[0]
                    if other not in rooms:
                        wrong.append(f"{where}: {target} names no room")
                    elif other != name and other not in room["NEEDS"]:
                        wrong.append(f"{where}: {name} does not declare that it needs {other}")
                else:
                    keepers = [owner for prefix, owner in owners if target.startswith(prefix)]
                    if keepers and name not in keepers:
                        wrong.append(f"{where}: <{target}> belongs to {' or '.join(keepers)}")
                    elif not keepers and not FREE.match(target):
                        wrong.append(f"{where}: <{target}> belongs to no room")
    folders = {p.name for p in (ROOT / "src").iterdir() if p.is_dir()}
    for name in sorted(folders - set(rooms)):
        wrong.append(f"src/{name}: a folder that src/modules.cmake does not know")
    print("\n".join(wrong) or f"{len(rooms)} rooms, every include declared")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
