// SPDX-License-Identifier: Apache-2.0
#include "journal/export.hpp"

#include <vector>

namespace hubward::journal {

namespace {

std::string joined(const std::vector<Field>& fields) {
  std::string text;
  for (const Field& field : fields) {
    if (!text.empty()) text += "; ";
    text += field.name + "=" + field.value;
  }
  return text;
}

std::string cell(std::string text) {
  constexpr std::string_view formula = "=+-@\t\r";
  if (!text.empty() && formula.find(text.front()) != std::string_view::npos) text.insert(0, 1, '\'');
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

Json object_of(const std::vector<Field>& fields) {
  Json object = Json::object();
  for (const Field& field : fields) object.set(field.name, field.value);
  return object;
}

}  // namespace

std::string csv_header() {
  return "time,kind,client,connection,operation,path_template,parameters,decision,rule,reason,status,"
         "upstream_status,bytes_in,bytes_out,duration_us,upstream_duration_us,attempts,correlation_id,peer,"
         "details\r\n";
}

std::string to_csv(const Record& record) {
  const std::string cells[] = {
      to_iso8601(record.time),
      std::string(name_of(record.kind)),
      cell(record.client),
      cell(record.connection),
      cell(record.operation),
      cell(record.path_template),
      cell(joined(record.parameters)),
      std::string(name_of(record.decision)),
      cell(record.rule),
      cell(record.reason),
      std::to_string(record.status),
      std::to_string(record.upstream_status),
      std::to_string(record.bytes_in),
      std::to_string(record.bytes_out),
      std::to_string(record.duration.count()),
      std::to_string(record.upstream_duration.count()),
      std::to_string(record.attempts),
      cell(record.correlation_id),
      cell(record.peer),
      cell(joined(record.details)),
  };
  std::string line;
  for (const std::string& text : cells) line += (line.empty() ? "" : ",") + text;
  return line + "\r\n";
}

Json to_json(const Record& record) {
  return Json::object({
      {"time", to_iso8601(record.time)},
      {"kind", name_of(record.kind)},
      {"client", record.client},
      {"connection", record.connection},
      {"operation", record.operation},
      {"path_template", record.path_template},
      {"parameters", object_of(record.parameters)},
      {"decision", name_of(record.decision)},
      {"rule", record.rule},
      {"reason", record.reason},
      {"status", record.status},
      {"upstream_status", record.upstream_status},
      {"bytes_in", record.bytes_in},
      {"bytes_out", record.bytes_out},
      {"duration_us", record.duration.count()},
      {"upstream_duration_us", record.upstream_duration.count()},
      {"attempts", record.attempts},
      {"correlation_id", record.correlation_id},
      {"peer", record.peer},
      {"details", object_of(record.details)},
  });
}

std::string to_json_line(const Record& record) {
  return to_json(record).dump() + "\n";
}

}  // namespace hubward::journal
