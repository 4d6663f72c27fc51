// SPDX-License-Identifier: Apache-2.0
// Whatever stands in a record, it is kept on one line: fitting it twice changes nothing more, it comes back
// from a block, and as CSV, JSON and text it is one line of the columns that it should have.
//
// aims at: src/journal/record.cpp
// aims at: src/journal/export.cpp
// also uses: admin
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "admin/operations.hpp"
#include "core/invariant.hpp"
#include "input.hpp"
#include "journal/block.hpp"
#include "journal/export.hpp"

using namespace hubward;
using namespace hubward::journal;

namespace {

std::vector<Field> fields_from(Input& input) {
  std::vector<Field> fields(input.byte() % (max_fields + 4));
  for (Field& field : fields) field = {std::string(input.text()), std::string(input.text())};
  return fields;
}

Record record_from(Input& input) {
  Record record;
  record.kind = static_cast<Kind>(1 + input.byte() % 6);
  record.decision = static_cast<Decision>(input.byte() % 4);
  record.time = from_millis(static_cast<std::int64_t>(input.number()));
  for (std::string* text : {&record.client, &record.connection, &record.operation, &record.path_template,
                            &record.rule, &record.reason, &record.correlation_id, &record.peer})
    *text = input.text();
  // One text may be longer than any is kept.
  for (std::size_t copies = input.byte() % 4; copies > 0; --copies) record.client += record.client;
  record.status = static_cast<std::uint16_t>(input.number(2));
  record.upstream_status = static_cast<std::uint16_t>(input.number(2));
  record.bytes_in = input.number();
  record.bytes_out = input.number();
  record.duration = std::chrono::microseconds(static_cast<std::int64_t>(input.number()));
  record.upstream_duration = std::chrono::microseconds(static_cast<std::int64_t>(input.number()));
  record.attempts = static_cast<std::uint32_t>(input.number(4));
  record.parameters = fields_from(input);
  record.details = fields_from(input);
  return record;
}

// Cells of one line of CSV (RFC 4180), read by the book; nothing when it is not exactly one line.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    if (c == '"') {
      bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled)
        cells.back().push_back(line[++i]);
      else
        quoted = !quoted;
    } else if (quoted) {
      cells.back().push_back(c);
    } else if (c == ',') {
      cells.emplace_back();
    } else if (c == '\r' || c == '\n') {
      return line.substr(i) == "\r\n" ? cells : std::vector<std::string>();
    } else {
      cells.back().push_back(c);
    }
  }
  return {};
}

void check_csv(const Record& record) {
  std::vector<std::string> cells = cells_of(to_csv(record)), names = cells_of(csv_header());
  invariant(cells.size() == names.size(), "a record is one line with a cell for each column");
  for (const std::string& cell : cells)
    invariant(cell.empty() || !std::string_view("=+-@").contains(cell.front()), "no cell is a formula");
  std::string_view client = cells[2];
  if (client.starts_with('\'') && !record.client.starts_with('\'')) client.remove_prefix(1);
  invariant(client == record.client, "a cell says what the record says");
}

void check_json(const Record& record) {
  std::string line = to_json_line(record);
  invariant(line.ends_with('\n') && std::ranges::count(line, '\n') == 1, "a record is one line of JSON");
  Result<Json> json = Json::parse(line);
  invariant(json.has_value(), "a record is JSON");
  invariant((*json)["client"].text() == record.client && (*json)["status"].integer() == record.status,
            "JSON says what the record says");
}

void check_text(const Record& record) {
  std::string line = admin::to_line(record);
  invariant(line.ends_with('\n'), "a record is a line");
  line.pop_back();
  invariant(std::ranges::none_of(line, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }),
            "and only one");
}

void check_hash(std::string_view value) {
  static const crypto::HmacKey key(bytes_of("a key of the journal's own, 32 b."));
  std::string kept = id_or_hash(key, value);
  bool is_id =
      !value.empty() && value.size() <= 19 && value.find_first_not_of("0123456789") == std::string_view::npos;
  invariant(is_id ? kept == value : kept == hashed(key, value) && kept.starts_with(hash_mark),
            "only a number is kept as it is");
  invariant(kept.size() <= 19, "what is kept is short");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Block block{.number = 1, .records = {}};
  for (std::size_t count = 1 + input.byte() % 3U; count > 0; --count) {
    Record record = record_from(input);
    fit(record);
    Record again = record;
    fit(again);
    invariant(again == record, "what fits is left as it is");
    check_csv(record);
    check_json(record);
    check_text(record);
    check_hash(record.client);
    block.records.push_back(std::move(record));
  }
  Result<Block> read = decode(encode(block));
  invariant(read && read->number == block.number && read->records == block.records, "a block comes back");
  return 0;
}
