// SPDX-License-Identifier: Apache-2.0
// The journal, as an operator reads it.
#include <fmt/format.h>

#include <utility>

#include "admin/operations.hpp"
#include "async/await.hpp"
#include "journal/export.hpp"

namespace hubward::admin {
namespace {

std::string line_of(const journal::Record& record, JournalQuestion::Lines lines) {
  switch (lines) {
    case JournalQuestion::Lines::Text: return to_line(record);
    case JournalQuestion::Lines::Json: return journal::to_json_line(record);
    case JournalQuestion::Lines::Csv: return journal::to_csv(record);
  }
  return {};
}

Json page_of(const std::vector<journal::Record>& records, JournalQuestion::Lines lines) {
  Json written = Json::array();
  for (const journal::Record& record : records) written.push(line_of(record, lines));
  return Json::object({{"header", lines == JournalQuestion::Lines::Csv ? journal::csv_header() : ""},
                       {"lines", std::move(written)}});
}

struct Read {
  Result<void> flushed;
  Result<std::vector<journal::Record>> records;
};

}  // namespace

Async<Result<Json>> Operations::search_journal(JournalQuestion question) const {
  journal::Journal& journal = parts_.journal;
  std::shared_ptr<Read> read = std::make_shared<Read>();  // outlives a task that is dropped meanwhile
  Result<void> ran = co_await parts_.pool.run([&journal, read] { read->flushed = journal.flush(); });
  if (!ran) co_return std::unexpected(ran.error());
  // A journal that cannot be written can still be read, and now most of all: what is on the disk is shown.
  Result<journal::Page> page = co_await journal.search(std::move(question.search));
  if (!page) co_return std::unexpected(page.error());
  Json answer = page_of(page->records, question.lines);
  if (!read->flushed) answer.set("warning", read->flushed.error().message);
  if (page->next) answer.set("next", fmt::format("{}.{}", page->next->block, page->next->done));
  co_return answer;
}

Async<Result<Json>> Operations::tail_journal(JournalQuestion::Lines lines, std::size_t count) const {
  journal::Journal& journal = parts_.journal;
  std::shared_ptr<Read> read = std::make_shared<Read>();
  Result<void> ran = co_await parts_.pool.run([&journal, count, read] {
    read->flushed = journal.flush();
    read->records = journal.tail(count);
  });
  if (!ran) co_return std::unexpected(ran.error());
  if (!read->records) co_return std::unexpected(read->records.error());
  Json answer = page_of(*read->records, lines);
  if (!read->flushed) answer.set("warning", read->flushed.error().message);
  co_return answer;
}

std::string to_line(const journal::Record& record) {
  std::string line = fmt::format("{}  {:<10}", to_iso8601(record.time), journal::name_of(record.kind));
  auto add = [&line](std::string_view text) {
    if (!text.empty()) line += fmt::format("  {}", text);
  };
  add(record.client);
  if (!record.connection.empty()) line += fmt::format(" -> {}", record.connection);
  add(record.operation);
  if (record.decision != journal::Decision::None)
    add(record.rule.empty() ? std::string(journal::name_of(record.decision))
                            : fmt::format("{} by \"{}\"", journal::name_of(record.decision), record.rule));
  add(record.reason);
  if (record.status != 0) add(fmt::format("{}", record.status));
  if (record.upstream_status != 0) add(fmt::format("(HubSpot {})", record.upstream_status));
  if (record.duration.count() > 0)
    add(fmt::format("{:.1f} ms", static_cast<double>(record.duration.count()) / 1000));
  for (const journal::Field& field : record.parameters) add(fmt::format("{}={}", field.name, field.value));
  for (const journal::Field& field : record.details) add(fmt::format("{}={}", field.name, field.value));
  add(record.correlation_id);
  // The pieces that came from outside must neither begin a line nor move a cursor.
  for (char& c : line)
    if ((c >= 0 && c < ' ') || c == '\x7f') c = '?';
  return line + "\n";
}

}  // namespace hubward::admin
