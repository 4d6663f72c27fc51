# SPDX-License-Identifier: Apache-2.0
"""The whole job, said once for Hubward (TOML, command line) and for nginx with Lua (tables): clients, a role as a team
would write it, and the operations that it speaks of."""
import json
import secrets

from programs import TOKEN

RULES = (
    ("read crm", "allow", ["contacts", "companies", "deals", "tickets", "products", "line_items", "quotes"], ["view"]),
    ("maintain people", "allow", ["contacts", "companies"], ["create", "edit"]),
    ("maintain deals", "allow", ["deals"], ["create", "edit"]),
    ("tasks", "allow", ["tasks", "notes", "calls", "meetings"], ["view", "create", "edit", "delete"]),
    ("never delete people", "deny", ["contacts", "companies"], ["delete"]),
    ("no mail", "deny", ["emails"], ["view", "create", "edit", "delete"]),
    ("no feedback", "deny", ["feedback_submissions"], ["view", "create", "edit", "delete"]),
)
OPERATION_RULES = (("definitions", ["crm.properties.list", "crm.owners.*"]), ("pipelines", ["crm.pipelines.*"]))


class WholeJob:
    OTHER_CLIENTS = 49

    @staticmethod
    def toml_rules():
        text = ""
        for name, effect, objects, actions in RULES:
            text += (f'[[roles.bench.rules]]\nname = "{name}"\neffect = "{effect}"\n'
                     f"objects = {json.dumps(objects)}\nactions = {json.dumps(actions)}\n")
        for name, operations in OPERATION_RULES:
            text += f'[[roles.bench.rules]]\nname = "{name}"\noperations = {json.dumps(operations)}\n'
        return text

    def lua_tables(self):
        """The same as Lua tables, and the key that a caller sends."""
        clients = [{"name": "bench" if n == 0 else f"other-{n - 1}", "key": "hwk_" + secrets.token_urlsafe(32), "role": "bench",
                    "connection": "acme", "bearer": f"Bearer {TOKEN}"} for n in range(self.OTHER_CLIENTS + 1)]
        rules = [{"name": name, "denies": effect == "deny", "any_object": "*" in objects,
                  "objects": {o: True for o in objects}, "actions": {a: True for a in actions}}
                 for name, effect, objects, actions in RULES]
        one = {"GET": ("read", "view"), "PATCH": ("update", "edit"), "DELETE": ("archive", "delete")}
        many = {"GET": ("list", "view"), "POST": ("create", "create")}
        operations = lambda kinds: {method: {"name": f"crm.objects.{name}", "action": action}
                                    for method, (name, action) in kinds.items()}
        record = {"operations": operations(one)}
        objects = {"*": {"is_object": True, "operations": operations(many), "*": record}}
        catalogue = {"crm": {version: {"objects": objects} for version in ("v3", "v4", "2026-03")}}
        tables = {"pepper": secrets.token_hex(32), "clients": clients, "roles": {"bench": rules}, "catalogue": catalogue}
        return lua(tables), clients[0]["key"]


def lua(value):
    """A Python value as a Lua expression."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{lua(name)}]={lua(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(map(lua, value)) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value)
