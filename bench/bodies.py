# SPDX-License-Identifier: Apache-2.0
"""Answers as HubSpot gives them, of a wanted size: one record, and pages of records with a link to the next page."""
import json


def record(number, filling):
    return {"id": str(number), "properties": {"createdate": "2026-01-15T09:30:00.000Z", "firstname": "Ada",
                                               "hs_object_id": str(number), "lastname": "Lovelace", "notes": filling},
            "createdAt": "2026-01-15T09:30:00.000Z", "updatedAt": "2026-02-20T10:00:00.000Z", "archived": False}


def fill_to(size, make):
    """The JSON that `make` gives for a filling that brings it to exactly `size` bytes."""
    text = lambda filling: json.dumps(make("x" * filling), separators=(",", ":"))
    return text(size - len(text(0)))


def page(size, base, path):
    each = size // 100 - 250 if size > 100_000 else 70

    def make(last_filling):
        results = [record(n, "x" * each) for n in range(1, 100)] + [record(100, last_filling)]
        return {"results": results, "paging": {"next": {"after": "100", "link": f"{base}{path}?limit=100&after=100"}}}
    return fill_to(size, make)


def write_all(folder, base):
    (folder / "1KB.json").write_text(fill_to(1024, lambda filling: record(101, filling)))
    (folder / "32KB.json").write_text(page(32 * 1024, base, "/crm/v3/objects/companies"))
    (folder / "1MB.json").write_text(page(1024 * 1024, base, "/crm/v3/objects/deals"))
