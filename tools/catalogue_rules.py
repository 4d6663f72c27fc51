# SPDX-License-Identifier: Apache-2.0
"""What a person decided about HubSpot's operations, for make_catalogue.py: what each does, how it is called, which need
an explicit grant. Rules come first to last; the first that fits wins. docs/formats/catalogue.md gives the reasons."""
import re

HEAD = [
    "HubSpot's operations as facts. Made by tools/make_catalogue.py; change tools/catalogue_rules.py, not this file.",
    "version: name, stage, first day without support",
    "object: name, type id, other spellings, scopes to read its records, scopes to write them",
    "scopes: name, alternatives (| or, + and)",
    "operation: name, method, template, bound object, effects (view create edit delete x=export), subject, flags,",
    "  rate exemptions (ten-secondly daily search), versions@places[!sunset], scopes",
]

# hubspot.md 11.1. 2025-09 has no stated day: the first of the month in which its 18 months end.
VERSIONS = [
    ("v1", "legacy", "2027-09-01"), ("v2", "legacy", "2027-09-01"), ("v3", "legacy", "2027-09-01"),
    ("v4", "legacy", "2027-03-30"), ("2025-09", "superseded", "2027-03-01"), ("2026-03", "supported", "2027-09-30"),
    ("2026-09", "latest", "2028-03-08"), ("2026-09-beta", "beta", ""), ("2027-03-beta", "beta", ""),
    ("-", "supported", ""),
]
# Operations that end earlier than their version does.
SUNSETS = {(t, "v1"): "2027-02-16" for t in
           ("/oauth/token", "/oauth/access-tokens/{token}", "/oauth/refresh-tokens/{token}")}

# Name, type id, other spellings (the plural and singular are names alike, hubspot.md 10.1).
OBJECTS = [
    ("contacts", "0-1", ["contact"]), ("companies", "0-2", ["company"]), ("deals", "0-3", ["deal"]),
    ("tickets", "0-5", ["ticket"]), ("products", "0-7", ["product"]), ("line_items", "0-8", ["line_item"]),
    ("quotes", "0-14", ["quote"]), ("communications", "0-18", ["communication"]), ("tasks", "0-27", ["task"]),
    ("notes", "0-46", ["note"]), ("meetings", "0-47", ["meeting"]), ("calls", "0-48", ["call"]),
    ("emails", "0-49", ["email"]), ("invoices", "0-53", ["invoice"]), ("marketing_events", "0-54", ["marketing_event"]),
    ("subscriptions", "0-69", ["subscription", "commerce_subscriptions", "commerce_subscription"]),
    ("goal_targets", "0-74", ["goal_target", "goals", "goal"]),
    ("commerce_payments", "0-101", ["commerce_payment", "payments", "payment"]), ("users", "0-115", ["user"]),
    ("postal_mail", "0-116", []), ("orders", "0-123", ["order"]), ("leads", "0-136", ["lead"]),
    ("carts", "0-142", ["cart"]), ("services", "0-162", ["service"]), ("courses", "0-410", ["course"]),
    ("listings", "0-420", ["listing"]), ("appointments", "0-421", ["appointment"]), ("projects", "0-970", ["project"]),
    ("contracts", "", ["contract"]), ("discounts", "", ["discount"]), ("fees", "", ["fee"]), ("taxes", "", ["tax"]),
    ("feedback_submissions", "", ["feedback_submission"]), ("forecasts", "", ["forecast"]),
    ("partner_clients", "", ["partner_client"]), ("partner_services", "", ["partner_service"]),
    ("price_books", "", ["price_book"]), ("price_book_items", "", ["price_book_item"]),
    ("custom", "", []),  # stands for every custom object: only its scopes are used
]
_SPELLED = {spelling: name for name, type_id, others in OBJECTS for spelling in [name, type_id, *others] if spelling}
_SPELLED |= {"custom_objects": "custom", "price_books_crm_reads_api": "price_books",
             "price_book_items_crm_reads_api": "price_book_items"}

# Where the documents list only the union over all types.
OBJECT_SCOPES = {
    ("custom", "read"): "crm.objects.custom.read", ("custom", "write"): "crm.objects.custom.write",
    ("appointments", "read"): "crm.objects.appointments.read",
    ("appointments", "write"): "crm.objects.appointments.write",
    ("subscriptions", "write"): "crm.objects.subscriptions.write",
    ("marketing_events", "read"): "crm.objects.marketing_events.read",
    ("marketing_events", "write"): "crm.objects.marketing_events.write",
    ("price_books", "read"): "price-book-read", ("price_books", "write"): "price-book-write",
    ("price_book_items", "read"): "price-book-read", ("price_book_items", "write"): "price-book-write",
    ("forecasts", "read"): "forecast-read|forecasting-access",
}


def object_name(spelled):
    return _SPELLED.get(spelled, spelled)


# Internal names that no app can ask for (hubspot.md 8.1).
NOT_SCOPES = {"ACCEPTANCE_TEST.visibility.legacyOnly.42393924.893208"}

# One operation under two spellings of its parameter.
SAME_TEMPLATE = {"/files/folders/{folderId}": "/files/folders/{folderPath}"}

_SCHEMAS = [("", ("GET", "POST")), ("/{objectType}", ("GET", "PATCH", "DELETE")),
            ("/{objectType}/associations", ("POST",)),
            ("/{objectType}/associations/{associationIdentifier}", ("DELETE",))]
# Not in HubSpot's published documents, but real: method, template, versions with their place.
ADDED = [
    # hubspot.md 2.1; the gateway answers it itself.
    ("POST", "/oauth/private-apps/get/access-token-info", [("v2", 1)]),
    # hubspot.md 9.2, on the forms host.
    ("POST", "/submissions/integration/submit/{portalId}/{formGuid}", [("v3", 1)]),
    ("POST", "/submissions/integration/secure/submit/{portalId}/{formGuid}", [("v3", 1)]),
    # hubspot.md 11.4: what kind of record it makes or shows stands in the body or nowhere.
    ("GET", "/engagements/engagements/{engagementId}", [("v1", 1)]),
    ("POST", "/engagements/engagements", [("v1", 1)]),
    ("PATCH", "/engagements/engagements/{engagementId}", [("v1", 1)]),
    # The Node client has them.
    ("GET", "/integrators/timeline/events/{eventTemplateId}/{eventId}/detail", [("v3", 2)]),
    ("GET", "/integrators/timeline/events/{eventTemplateId}/{eventId}/render", [("v3", 2)]),
    # One query can read any object type; no version in its path.
    ("POST", "/collector/graphql", [("-", 0)]),
] + [(method, "/crm/schemas" + rest, [("v3", 1)]) for rest, methods in _SCHEMAS for method in methods]
ONE_ORDER = {template for _, template, _ in ADDED if template.startswith(("/oauth/", "/submissions/", "/engagements/"))}

# Other paths of an operation; they share its name.
ALIAS = {"/crm/schemas" + rest for rest, _ in _SCHEMAS} | {
    "/app-webhooks/{appId}/settings", "/app-webhooks/{appId}/subscriptions",
    "/app-webhooks/{appId}/subscriptions/batch/update", "/app-webhooks/{appId}/subscriptions/{subscriptionId}"}

# Their last parameter is a path of its own, slashes included.
FREE_TAIL = {
    "/cms/source-code/{environment}/content/{path}", "/cms/source-code/{environment}/metadata/{path}",
    "/cms/source-code/{environment}/validate/{path}", "/files/files/stat/{path}", "/files/folders/{folderPath}"}

FORMS_HOST = {template for _, template, _ in ADDED if template.startswith("/submissions/")}

# Records of this type, although the path does not name it.
BOUND = {"/deal-splits/batch/read": "deals", "/deal-splits/batch/upsert": "deals",
         "/crm/objects/{objectType}/splits/batch/read": "deals",
         "/crm/objects/{objectType}/splits/batch/upsert": "deals"}

# Links between records: rights on both object types are needed.
LINKS = (r"^/crm/objects/\{\w+\}/\{\w+\}/associations/"
         r"|^/crm/associations/\{fromObjectType\}/\{toObjectType\}/batch/")

# Granted only by a rule that names them: data in bulk, or effects that the path does not show.
EXPLICIT = [
    r" /crm/exports/", r"POST /crm/imports", r"/export$", r" /cms/hubdb/.*/import$",
    r" /files/files/import-from-url/async$", r" /collector/graphql$", r" /crm/associations/usage/",
    r"webhooks-journal/(journal|snapshots)", r" /engagements/",
    # Credentials, and the end of the app itself.
    r" /oauth/", r" /visitor-identification/", r"POST /marketing/transactional/smtp-tokens",
    r" /appinstalls/",
]

# What an operation does: v view, c create, e edit, d delete, x export.
EFFECTS = [
    # Bulk data that leaves, or a file with it that is being made.
    (r" /crm/exports/", "x"), (r"POST /cms/audit-logs/export$", "x"), (r"GET /cms/hubdb/.*/export$", "x"),
    (r"POST /crm/associations/usage/", "x"), (r"POST /webhooks-journal/snapshots", "x"),
    (r"GET /webhooks-journal/journal", "vx"), (r"POST /webhooks-journal/journal.*/read$", "vx"),
    # Bulk data that comes.
    (r"POST /collector/graphql$", "vx"),
    (r"POST /crm/imports$", "ce"), (r"POST /cms/hubdb/.*/import$", "ce"),
    # Links between records: taking one away changes both records and deletes neither.
    (r"(PUT|DELETE) " + LINKS.split("|")[0][1:], "e"),
    (r"POST /crm/associations/\{\w+\}/\{\w+\}/batch/(create|archive|associate/default|labels/archive)$", "e"),
    # Other DELETEs that take away a link or a state, not a thing.
    (r"DELETE .*/(assignee|schedule-conversion)$", "e"),
    (r"DELETE /crm/lists/\{listId\}/memberships$", "ed"),
    (r"DELETE /marketing/marketing-events/associations/", "e"), (r"DELETE /marketing/campaigns/.*/assets/", "e"),
    (r"DELETE ", "d"), (r"GET ", "v"), (r"PATCH ", "e"),
    # Verbs at the end of a path.
    (r"POST .*/(batch/(archive|delete|purge)|events/delete|gdpr-delete)$", "d"), (r"POST .*/merge$", "ed"),
    (r"(POST|PUT) .*/(batch/|email-)?upsert$", "ce"),
    (r"POST .*/(search|batch/read|unsubscribe-all/read|validate/\{path\}|validate|preview|high-usage-report)$", "v"),
    (r"POST /crm/lists/(idmapping|all)$", "v"), (r"POST /oauth/token/introspect$", "v"),
    (r"POST /oauth/private-apps/get/access-token-info$", "v"), (r"POST /oauth/token/revoke$", "d"),
    (r"POST /scheduler/meetings/calendar$", "c"),
    (r"POST .*/(batch/(update|write|replace|unsubscribe-all)|update-languages|attach-to-lang-group"
     r"|detach-from-lang-group)$", "e"),
    (r"POST .*/(reset|restore|restore-to-draft|push-live|publish|unpublish|schedule|cancel|complete|end|rerun|pause"
     r"|unpause|activate|deactivate|accept|terminate|start|ready|migrate|password-reset|update-visibility"
     r"|unsubscribe|subscribe|resubscribe|unsubscribe-all|test|update/async|requires-object)$", "e"),
    (r"POST /communication-preferences/statuses/\{subscriberIdString\}$", "e"),
    # Sets of one thing, made or changed by the same call.
    (r"POST .*/(settings|settings/(channel-connection|recording))$", "ce"),
    (r"POST /cms/source-code/\{environment\}/content/", "c"), (r"PUT /cms/source-code/", "ce"),
    (r"PUT /marketing/marketing-events/events/\{externalEventId\}$", "ce"),
    (r"PUT /feature-flags/", "ce"), (r"PUT /(app-)?webhooks/\{appId\}/settings$", "ce"),
    (r"PUT /crm/extensions/videoconferencing/settings/", "ce"), (r"PUT /automation/actions/.*/functions/", "ce"),
    (r"PUT /crm/property-validations/", "ce"), (r"PUT /data-studio/", "e"),
    (r"PUT ", "e"), (r"POST ", "c"),
]

# Last words of a path that are verbs, and the methods with which they are.
_POST = {"POST"}
VERBS = {word: _POST for word in (
    "search read create update upsert archive delete purge replace write merge gdpr-delete clone reset restore "
    "restore-to-draft push-live publish unpublish schedule cancel complete end rerun pause unpause activate deactivate "
    "accept terminate preview validate start ready migrate password-reset update-visibility unsubscribe subscribe "
    "resubscribe create-variation create-language-variation attach-to-lang-group detach-from-lang-group "
    "update-languages test send single-send export import generate register email-create email-upsert book data-push "
    "idmapping all inbound-call unsubscribe-all default submit introspect revoke access-token-info add-currency "
    "high-usage-report").split()}
VERBS |= {word: {"PUT"} for word in "move-list rename add add-and-remove remove update-list-filters update-list-name "
          "set-new-lang-primary".split()}
VERBS["restore"] = {"POST", "PUT"}
VERBS["gdpr-delete"] = {"POST", "DELETE"}
VERBS["download"] = VERBS["export"] = {"GET", "POST"}
# Last words that name one thing, not a list.
SINGLE = set("details detail render settings status draft assignee me original-content performance metrics "
             "revenue totals breakdown "
             "stage-edit-permissions company-currency information current event-visibility recording "
             "channel-connection signed-url earliest latest next sample-response get-variation private-apps daily "
             "schedule-conversion simple histogram".split())

# Operations whose name the general way would make wrong or twice: method and template, name.
NAMES = [
    (r"POST /submissions/integration/submit/.*", "forms.submissions.submit"),
    (r"POST /submissions/integration/secure/submit/.*", "forms.submissions.secure_submit"),
    (r"POST /collector/graphql", "collector.graphql"),
    (r"POST /automation/actions/callbacks/complete", "automation.actions.callbacks.batch.complete"),
    (r"GET /automation/actions/.*/functions/\{functionType\}", "automation.actions.functions.by_type.read"),
    (r"PUT /automation/actions/.*/functions/\{functionType\}", "automation.actions.functions.by_type.put"),
    (r"DELETE /automation/actions/.*/functions/\{functionType\}", "automation.actions.functions.by_type.delete"),
    (r"GET /cms/blog-settings/settings", "cms.blog_settings.settings.list"),
    (r"GET /cms/hubdb/tables/draft", "cms.hubdb.tables.draft.list"),
    (r"GET /cms/hubdb/tables/\{tableIdOrName\}/rows/draft", "cms.hubdb.tables.rows.draft.list"),
    (r"POST /commerce/contracts/contracts/.*/changes", "commerce.contracts.of_contract.changes.create"),
    (r"PUT /crm/objects/.*/associations/.*/\{associationType\}", "crm.objects.associations.typed.put"),
    (r"DELETE /crm/objects/.*/associations/.*/\{associationType\}", "crm.objects.associations.typed.delete"),
    (r"POST /integrators/timeline/events/batch", "integrators.timeline.events.batch.send"),
    (r"POST /marketing/marketing-events/events/.*/\{subscriberState\}/upsert",
     "marketing.marketing_events.events.subscribers.upsert"),
    (r"POST /marketing/marketing-events/events/.*/\{subscriberState\}/email-upsert",
     "marketing.marketing_events.events.subscribers.email_upsert"),
]
# Parameters that say where, not which: a path that ends in one is a list.
PLACE_PARAMETERS = {"{objectType}", "{objectTypeId}", "{appId}", "{toObjectType}", "{mediaType}"}
# Lists whose entries are object types.
KEYED = {"enablement", "schemas", "object_definitions"}
# The same call with the ids of the program that made the event: its name has the word "external".
EXTERNAL = r"^/marketing/marketing-events/(associations|participations|attendance)/.*\{externalEventId\}"


def _alias_names():
    for method in ("GET", "PUT", "DELETE"):
        verb = {"GET": "read", "PUT": "put", "DELETE": "delete"}[method]
        yield method + r" /(app-)?webhooks/\{appId\}/settings", "webhooks.settings." + verb
    for method, verb in (("GET", "list"), ("POST", "create")):
        yield method + r" /(app-)?webhooks/\{appId\}/subscriptions", "webhooks.subscriptions." + verb
    for method, verb in (("GET", "read"), ("PATCH", "update"), ("DELETE", "delete")):
        yield method + r" /(app-)?webhooks/\{appId\}/subscriptions/\{subscriptionId\}", "webhooks.subscriptions." + verb
    yield r"POST /(app-)?webhooks/\{appId\}/subscriptions/batch/update", "webhooks.subscriptions.batch.update"
    for method, rest, name in (
            ("GET", "", "list"), ("POST", "", "create"), ("GET", r"/\{objectType\}", "read"),
            ("PATCH", r"/\{objectType\}", "update"), ("DELETE", r"/\{objectType\}", "delete"),
            ("POST", r"/\{objectType\}/associations", "associations.create"),
            ("DELETE", r"/\{objectType\}/associations/.*", "associations.delete")):
        yield method + " /(crm-object-schemas/schemas|crm/schemas)" + rest, "crm.schemas." + name
    yield r"POST /crm-object-schemas/schemas/batch/read", "crm.schemas.batch.read"


NAMES += list(_alias_names())
assert all(re.compile(pattern) for pattern, _ in NAMES + EFFECTS)
