#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes src/hubspot/catalogue.tsv.inc, the compact table of HubSpot's operations, from the full one that lies beside
the checkout (../shared/reference or --reference DIR). docs/formats/catalogue.md says what the columns mean.

  tools/make_catalogue.py            writes the table
  tools/make_catalogue.py --check    exits 1 when the committed table differs, 77 when there is no reference
  tools/make_catalogue.py --review   prints every operation that is not plain by its method, for a reviewer

Everything that a person decided stands in catalogue_rules.py beside this file.
"""
import argparse
import collections
import csv
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import catalogue_rules as rules  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "src/hubspot/catalogue.tsv.inc"
VERSION = re.compile(r"^(v[0-9]+|20[0-9]{2}-[0-9]{2}(-beta)?)$")
MISSING = 77


class Operation:
    def __init__(self, method, template):
        self.method, self.template = method, template
        self.places = collections.defaultdict(set)  # version -> positions of the version in the path
        self.scopes = {}  # version -> set of frozensets (OR of ANDs)
        self.rates, self.auth, self.deprecated = set(), set(), False
        self.stated = set()  # the effects the full table states


def segments(path):
    return path.strip("/").split("/")


def read_sets(folder):
    with open(folder / "scope-sets.tsv", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["set"]: row["alternatives"] for row in rows}


def alternatives(text, sets):
    text = sets.get(text, text)
    return {frozenset(one.split("+")) - rules.NOT_SCOPES for one in text.split("|") if one} - {frozenset()}


def split_version(path):
    """The path without its version, the version, and where it stood."""
    parts = segments(path)
    for place in (1, 2, 3):
        if place < len(parts) and VERSION.match(parts[place]):
            return parts[:place] + parts[place + 1:], parts[place], place
    raise SystemExit(f"{path}: no version in it")


def generalise(parts, bound):
    """Paths of one object type become the path of all; answers the template and the object type."""
    if parts[:2] == ["crm", "objects"]:
        if not parts[2].startswith("{"):
            bound = rules.object_name(parts[2])
        parts = ["crm", "objects", "{objectType}"] + parts[3:]
        if len(parts) > 3 and parts[3].startswith("{"):
            parts[3] = "{objectId}"
    template = "/" + "/".join(parts)
    return rules.SAME_TEMPLATE.get(template, template), rules.object_name(bound)


def read_operations(folder):
    sets, found, objects = read_sets(folder), {}, collections.defaultdict(lambda: collections.defaultdict(list))
    with open(folder / "catalogue.tsv", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            parts, version, place = split_version(row["path"])
            template, bound = generalise(parts, row["bound_object"])
            key = (row["method"], template)
            operation = found.setdefault(key, Operation(*key))
            operation.places[version].add(place)
            operation.rates.add(row["rate_note"])
            operation.auth.add((row["stage"], row["auth_kinds"]))
            operation.deprecated |= bool(row["deprecated"])
            operation.stated.add(row["effect"])
            if template.startswith("/crm/objects/{objectType}"):
                if bound and not row["scope_alternatives"].startswith("@") and "/splits/" not in template:
                    kind = "read" if row["effect"] == "read" else "write"
                    objects[bound][kind].append(alternatives(row["scope_alternatives"], sets))
            else:
                operation.scopes.setdefault(version, set()).update(alternatives(row["scope_alternatives"], sets))
    return found, objects


def add_by_hand(found):
    for method, template, versions in rules.ADDED:
        operation = found.setdefault((method, template), Operation(method, template))
        for version, place in versions:
            operation.places[version].add(place)


def widen_versions(operation):
    """2026-03 shapes are valid for 2026-09 (its documents are an older copy); legacy paths come in two orders."""
    if "2026-03" in operation.places:
        operation.places["2026-09"] |= operation.places["2026-03"]
    literal = 0
    for part in segments(operation.template):
        if part.startswith("{"):
            break
        literal += 1
    for version, places in operation.places.items():
        if version.startswith("v"):
            places |= {place for place in (1, 2) if place <= literal and operation.template not in rules.ONE_ORDER}


def merge(expressions):
    """If any version states an AND, both are demanded; else any alternative of any version is enough."""
    strict = [e for e in expressions if any(len(one) > 1 for one in e)]
    merged = set().union(*(strict or expressions)) if expressions else set()
    return {one for one in merged if not any(other < one for other in merged)} if not strict else \
        {one for one in merged if len(one) > 1 or not any(one < other for other in merged)}


def written(expression):
    return "|".join(sorted("+".join(sorted(one)) for one in expression))


def effects_of(operation):
    for pattern, effects in rules.EFFECTS:
        if re.search(pattern, f"{operation.method} {operation.template}"):
            return effects
    raise SystemExit(f"{operation.method} {operation.template}: no rule says what it does")


def subject_of(template):
    if re.search(rules.LINKS, template):
        return "links"
    return "records" if template.startswith("/crm/objects/") or template in rules.BOUND else "other"


def flags_of(operation):
    line, flags = f"{operation.method} {operation.template}", []
    if any(re.search(pattern, line) for pattern in rules.EXPLICIT):
        flags.append("explicit")
    if operation.template in rules.FREE_TAIL:
        flags.append("tail")
    if operation.deprecated:
        flags.append("deprecated")
    if any(kinds == "devkey" for stage, kinds in operation.auth if stage != "beta"):
        flags.append("devkey")
    if operation.template in rules.FORMS_HOST:
        flags.append("forms")
    return ",".join(flags)


def rate_of(operation):
    letters = set()
    for note in operation.rates:
        letters |= {"t"} if "ten-secondly" in note else set()
        letters |= {"d"} if "daily" in note else set()
        letters |= {"s"} if "search" in note else set()
    return "".join(sorted(letters))


def name_of(method, template):
    for pattern, name in rules.NAMES:
        if re.fullmatch(pattern, f"{method} {template}"):
            return name
    parts = segments(template)
    words = [part.replace("-", "_") for part in parts if not part.startswith("{")]
    # "conversations.conversations", "files.files": said once is enough.
    words = [word for i, word in enumerate(words) if i == 0 or word != words[i - 1]]
    if re.search(rules.EXTERNAL, template):
        words.insert(2, "external")
    last = parts[-1]
    if last in rules.VERBS and method in rules.VERBS[last]:
        return ".".join(words)
    item = last.startswith("{") and (last not in rules.PLACE_PARAMETERS or words[-1] in rules.KEYED)
    verb = {"GET": "read" if item or last in rules.SINGLE else "list", "POST": "create", "PATCH": "update",
            "PUT": "put", "DELETE": "delete"}[method]
    return ".".join(words + [verb])


def versions_of(operation):
    order = {"v1": 0, "v2": 1, "v3": 2, "v4": 3, "-": 4}
    words = []
    for version in sorted(operation.places, key=lambda v: (order.get(v, 9), v)):
        word = version + "@" + "".join(str(p) for p in sorted(operation.places[version]))
        end = rules.SUNSETS.get((operation.template, version))
        words.append(word + ("!" + end if end else ""))
    return " ".join(words)


def table(found, objects):
    lines = ["# " + line for line in rules.HEAD]
    lines += ["\t".join(("version",) + row) for row in rules.VERSIONS]
    known = {row[0] for row in rules.VERSIONS}
    for name, type_id, others in rules.OBJECTS:
        scopes = [rules.OBJECT_SCOPES.get((name, kind)) or written(merge(objects[name][kind]))
                  for kind in ("read", "write")]
        lines.append("\t".join(("object", name, type_id, " ".join(others), *scopes)))
    left = set(objects) - {name for name, _, _ in rules.OBJECTS}
    if left:
        raise SystemExit(f"object types without a row in OBJECTS: {sorted(left)}")
    sets, rows, names = {}, [], collections.Counter()
    for (method, template), operation in sorted(found.items(), key=lambda item: (item[0][1], item[0][0])):
        widen_versions(operation)
        if not set(operation.places) <= known:
            raise SystemExit(f"{template}: a version that VERSIONS does not know")
        expression = written(merge([e for e in operation.scopes.values() if e]))
        if subject_of(template) != "other":
            expression = "@objects"
        elif expression.count("|") >= 8:
            expression = sets.setdefault(expression, f"@S{len(sets) + 1}")
        name = name_of(method, template)
        names[name, method] += 0 if template in rules.ALIAS else 1
        rows.append("\t".join(("operation", name, method, template, rules.BOUND.get(template, ""),
                               effects_of(operation), subject_of(template), flags_of(operation), rate_of(operation),
                               versions_of(operation), expression)))
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise SystemExit(f"names given twice: {twice}")
    lines += [f"scopes\t{name}\t{expression}" for expression, name in sets.items()]
    return "\n".join(lines + rows) + "\n"


def review(found):
    plain = {"GET": "v", "POST": "c", "PATCH": "e", "PUT": "e", "DELETE": "d"}
    for (method, template), operation in sorted(found.items(), key=lambda item: item[0][1]):
        effects = effects_of(operation)
        if effects != plain[method] or flags_of(operation):
            print(f"{method:6} {template:90} {effects:4} {flags_of(operation)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=pathlib.Path, default=ROOT.parent / "shared/reference")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--review", action="store_true")
    options = parser.parse_args()
    if not (options.reference / "catalogue.tsv").exists():
        print(f"skipped: no reference at {options.reference}")
        return MISSING
    found, objects = read_operations(options.reference)
    add_by_hand(found)
    if options.review:
        review(found)
        return 0
    text = 'R"tsv(' + table(found, objects) + ')tsv"\n'
    if options.check:
        if OUTPUT.exists() and OUTPUT.read_text() == text:
            print(f"{OUTPUT.name} is up to date: {len(found)} operations")
            return 0
        print(f"{OUTPUT.name} differs from what the reference makes: run tools/make_catalogue.py and review the change")
        return 1
    OUTPUT.write_text(text)
    print(f"wrote {OUTPUT.relative_to(ROOT)}: {len(found)} operations, {len(text)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
