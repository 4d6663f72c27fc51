// SPDX-License-Identifier: Apache-2.0
// The object types, properties, pipelines and association types that every account begins with
// (hubspot.md sections 10.1, 10.4, 10.5). A small choice of HubSpot's hundreds of properties.
#include <fmt/core.h>

#include "core/ascii.hpp"
#include "sandbox/crm_data.hpp"

namespace hubward::sandbox {
namespace {

// "name:type:fieldType:flags:options"; flags: u unique, r read only; options "a|b".
struct Row {
  const char* id;
  const char* name;
  const char* plural;
  const char* scope_word;
  const char* created;
  const char* modified;
  const char* primary;
  const char* defaults;
  const char* searched;
  const char* required;
  const char* properties;
};

constexpr const char* stages_of_lead =
    "subscriber|lead|marketingqualifiedlead|salesqualifiedlead|opportunity|customer";

const Row rows[] = {
    {"0-1", "contact", "contacts", "contacts", "createdate", "lastmodifieddate", "email",
     "createdate,email,firstname,hs_object_id,lastmodifieddate,lastname",
     "firstname,lastname,email,phone,hs_additional_emails,fax,mobilephone,company", "",
     "email:string:text:u,firstname,lastname,phone:string:phonenumber,mobilephone:string:phonenumber,fax,"
     "company,jobtitle,website,address,city,state,zip,country,hs_additional_emails:enumeration:checkbox:r,"
     "hubspot_owner_id:enumeration:select,lifecyclestage:enumeration:radio::@lead,"
     "hs_lead_status:enumeration:radio::NEW|OPEN|IN_PROGRESS|CONNECTED,annualrevenue,date_of_birth,"
     "hs_email_optout:bool:booleancheckbox,notes_last_updated:datetime:date:r,closedate:datetime:date"},
    {"0-2", "company", "companies", "companies", "createdate", "hs_lastmodifieddate", "name",
     "name,domain,createdate,hs_lastmodifieddate,hs_object_id", "website,phone,name,domain", "",
     "name,domain,website,phone:string:phonenumber,city,state,country,description:string:textarea,"
     "industry:enumeration:select::COMPUTER_SOFTWARE|CONSUMER_SERVICES|RETAIL,"
     "numberofemployees:number:number,annualrevenue:number:number,hubspot_owner_id:enumeration:select,"
     "lifecyclestage:enumeration:radio::@lead"},
    {"0-3", "deal", "deals", "deals", "createdate", "hs_lastmodifieddate", "dealname",
     "dealname,amount,closedate,pipeline,dealstage,createdate,hs_lastmodifieddate,hs_object_id",
     "dealname,pipeline,dealstage,description,dealtype", "",
     "dealname,amount:number:number,closedate:datetime:date,pipeline:enumeration:select,"
     "dealstage:enumeration:radio,description:string:textarea,"
     "dealtype:enumeration:radio::newbusiness|existingbusiness,hubspot_owner_id:enumeration:select"},
    {"0-5", "ticket", "tickets", "tickets", "createdate", "hs_lastmodifieddate", "subject",
     "subject,content,hs_pipeline,hs_pipeline_stage,hs_ticket_category,hs_ticket_priority,createdate,"
     "hs_lastmodifieddate,hs_object_id",
     "subject,content,hs_pipeline_stage,hs_ticket_category,hs_ticket_id", "hs_pipeline_stage",
     "subject,content:string:textarea,hs_pipeline:enumeration:select,hs_pipeline_stage:enumeration:select,"
     "hs_ticket_category:enumeration:select::PRODUCT_ISSUE|BILLING_ISSUE|FEATURE_REQUEST|GENERAL_INQUIRY,"
     "hs_ticket_priority:enumeration:select::LOW|MEDIUM|HIGH,hs_ticket_id:number:number:r,"
     "hubspot_owner_id:enumeration:select"},
    {"0-7", "product", "products", "products", "createdate", "hs_lastmodifieddate", "name",
     "name,description,price,createdate,hs_lastmodifieddate,hs_object_id", "name,description,price", "",
     "name,description:string:textarea,price:number:number,hs_sku"},
    {"0-8", "line_item", "line_items", "line_items", "createdate", "hs_lastmodifieddate", "name",
     "quantity,amount,price,createdate,hs_lastmodifieddate,hs_object_id", "name,description", "",
     "name,description:string:textarea,price:number:number,quantity:number:number,amount:number:number,"
     "hs_product_id:number:number"},
    {"0-46", "note", "notes", "contacts", "hs_createdate", "hs_lastmodifieddate", "hs_note_body",
     "hs_createdate,hs_lastmodifieddate,hs_object_id", "hs_note_body", "",
     "hs_note_body:string:html,hs_timestamp:datetime:date,hubspot_owner_id:enumeration:select"},
    {"0-27", "task", "tasks", "contacts", "hs_createdate", "hs_lastmodifieddate", "hs_task_subject",
     "hs_createdate,hs_lastmodifieddate,hs_object_id", "hs_task_body,hs_task_subject", "",
     "hs_task_subject,hs_task_body:string:html,hs_timestamp:datetime:date,"
     "hs_task_status:enumeration:select::NOT_STARTED|IN_PROGRESS|COMPLETED,"
     "hubspot_owner_id:enumeration:select"},
};

struct Pair {
  const char *from, *to;
  int id, inverse;
  bool plain;
  const char* label;
};
const Pair pairs[] = {
    {"0-1", "0-2", 279, 280, true, ""},     {"0-1", "0-2", 1, 2, false, "Primary"},
    {"0-3", "0-1", 3, 4, true, ""},         {"0-3", "0-2", 341, 342, true, ""},
    {"0-3", "0-2", 5, 6, false, "Primary"}, {"0-1", "0-5", 15, 16, true, ""},
    {"0-5", "0-2", 339, 340, true, ""},     {"0-5", "0-2", 26, 25, false, "Primary"},
    {"0-3", "0-5", 27, 28, true, ""},       {"0-46", "0-1", 202, 201, true, ""},
};

std::string label_of(std::string_view name) {
  std::string label;
  bool first = true;
  for (char c : name) {
    label += first ? to_upper(c) : c == '_' ? ' ' : c;
    first = c == '_';
  }
  return label;
}

std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> items;
  if (text.empty()) return items;
  for (std::string_view item : split(text, ',')) items.emplace_back(item);
  return items;
}

Property made(std::string_view name, std::string_view group, TimePoint now) {
  Property property;
  property.name = name;
  property.label = label_of(name);
  property.group = group;
  property.hubspot_defined = true;
  property.created = property.updated = now;
  return property;
}

Property described(std::string_view text, std::string_view group, TimePoint now) {
  auto part = split(text, ':');
  Property property = made(part[0], group, now);
  if (part.size() > 1) property.type = part[1];
  if (part.size() > 2) property.field_type = part[2];
  property.unique = part.size() > 3 && part[3].contains('u');
  property.read_only = part.size() > 3 && part[3].contains('r');
  property.form_field = !property.read_only;
  if (part.size() > 4)
    for (std::string_view option : split(part[4] == "@lead" ? stages_of_lead : part[4], '|'))
      property.options.push_back({label_of(lower(option)), std::string(option)});
  return property;
}

void add_system_properties(ObjectType& type, std::string_view group, TimePoint now) {
  auto add = [&](std::string_view name, std::string_view kind, std::string_view field) {
    Property property = made(name, group, now);
    property.type = kind;
    property.field_type = field;
    property.read_only = true;
    type.properties.push_back(std::move(property));
  };
  add("hs_object_id", "number", "number");
  add(type.created_property, "datetime", "date");
  add(type.modified_property, "datetime", "date");
}

ObjectType standard_type(const Row& row, TimePoint now) {
  ObjectType type;
  type.id = row.id;
  type.name = row.name;
  type.plural = row.plural;
  type.label = label_of(row.name);
  type.plural_label = label_of(row.plural);
  type.scope_word = row.scope_word;
  type.created_property = row.created;
  type.modified_property = row.modified;
  type.primary_display = row.primary;
  type.default_properties = listed(row.defaults);
  type.searched_properties = listed(row.searched);
  type.required_properties = listed(row.required);
  type.created = type.updated = now;
  std::string group = std::string(row.name) + "information";
  type.groups.push_back({group, type.label + " information", 0, false});
  for (std::string_view property : split(row.properties, ','))
    type.properties.push_back(described(property, group, now));
  add_system_properties(type, group, now);
  return type;
}

Pipeline sales_pipeline(TimePoint now) {
  return {"default",
          "Sales Pipeline",
          {{"appointmentscheduled", "Appointment Scheduled", {{"isClosed", "false"}, {"probability", "0.2"}}},
           {"qualifiedtobuy", "Qualified To Buy", {{"isClosed", "false"}, {"probability", "0.4"}}},
           {"contractsent", "Contract Sent", {{"isClosed", "false"}, {"probability", "0.9"}}},
           {"closedwon", "Closed Won", {{"isClosed", "true"}, {"probability", "1.0"}}},
           {"closedlost", "Closed Lost", {{"isClosed", "true"}, {"probability", "0.0"}}}},
          now};
}

Pipeline support_pipeline(TimePoint now) {
  return {"0",
          "Support Pipeline",
          {{"1", "New", {{"isClosed", "false"}, {"ticketState", "OPEN"}}},
           {"2", "Waiting on contact", {{"isClosed", "false"}, {"ticketState", "OPEN"}}},
           {"3", "Waiting on us", {{"isClosed", "false"}, {"ticketState", "OPEN"}}},
           {"4", "Closed", {{"isClosed", "true"}, {"ticketState", "CLOSED"}}}},
          now};
}

void use_pipeline(ObjectType& type, Pipeline pipeline, std::string_view of_pipeline,
                  std::string_view of_stage) {
  type.property(of_pipeline)->options.push_back({pipeline.label, pipeline.id});
  for (const Stage& stage : pipeline.stages)
    type.property(of_stage)->options.push_back({stage.label, stage.id});
  type.pipelines.push_back(std::move(pipeline));
}

}  // namespace

Crm standard_crm(TimePoint now) {
  Crm crm;
  for (const Row& row : rows) crm.types[row.id] = standard_type(row, now);
  use_pipeline(crm.types["0-3"], sales_pipeline(now), "pipeline", "dealstage");
  use_pipeline(crm.types["0-5"], support_pipeline(now), "hs_pipeline", "hs_pipeline_stage");
  for (const Pair& pair : pairs) {
    const ObjectType& from = crm.types[pair.from];
    const ObjectType& to = crm.types[pair.to];
    auto name = [](const ObjectType& a, const ObjectType& b) { return a.name + "_to_" + b.name; };
    crm.link_types.push_back({pair.from, pair.to, "HUBSPOT_DEFINED", pair.label, name(from, to), pair.id,
                              pair.inverse, pair.plain});
    crm.link_types.push_back({pair.to, pair.from, "HUBSPOT_DEFINED", pair.label, name(to, from), pair.inverse,
                              pair.id, pair.plain});
  }
  return crm;
}

ObjectType& add_custom_type(Crm& crm, std::string_view name, TimePoint now) {
  std::string id = fmt::format("2-{}", crm.next_custom_type++);
  ObjectType& type = crm.types[id];
  type.id = id;
  type.name = lower(name);
  type.plural = type.name;
  type.label = type.plural_label = label_of(name);
  type.scope_word = "custom";
  type.custom = true;
  type.created_property = "hs_createdate";
  type.default_properties = {"hs_createdate", "hs_lastmodifieddate", "hs_object_id"};
  type.created = type.updated = now;
  std::string group = type.name + "_information";
  type.groups.push_back({group, type.label + " information", 0, false});
  add_system_properties(type, group, now);
  return type;
}

}  // namespace hubward::sandbox
