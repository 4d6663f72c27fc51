// SPDX-License-Identifier: Apache-2.0
// journal: what went through the gateway.
#include <CLI/CLI.hpp>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"

namespace hubward::cli {
namespace {

// Pages of one command; at the largest page a bound of a hundred million records.
constexpr int max_pages = 10'000;

enum class Lines { Text, Json, Csv };

std::string_view name_of(Lines lines) {
  switch (lines) {
    case Lines::Text: return "text";
    case Lines::Json: return "json";
    case Lines::Csv: return "csv";
  }
  return "text";
}

int print_tail(const Session& session) {
  Lines lines = session.json ? Lines::Json : Lines::Text;
  std::string target = "/api/v1/journal/tail?count=" + std::to_string(session.words.count) +
                       "&format=" + std::string(name_of(lines));
  Result<Json> page = session.ask(get(target));
  if (!page) return session.complain(page.error());
  for (const Json& line : (*page)["lines"].items()) session.streams.out(line.text_or(""));
  return Done;
}

// Every page, through one gate. Answers 1 when nothing was found, as grep does.
int print_found(const Session& session, Lines lines) {
  Result<std::unique_ptr<Gate>> gate = session.house.gate(session.config_file);
  if (!gate) return session.complain(gate.error());
  std::string query = "/api/v1/journal?format=" + std::string(name_of(lines)) + filter_query(session);
  std::string after;
  bool found = false;
  for (int page_number = 0; page_number < max_pages; ++page_number) {
    std::string target = after.empty() ? query : query + "&after=" + encoded(after);
    Result<Json> page = session.ask(**gate, get(target));
    if (!page) return session.complain(page.error());
    if (page_number == 0) session.streams.out((*page)["header"].text_or(""));
    for (const Json& line : (*page)["lines"].items()) session.streams.out(line.text_or(""));
    found = found || !(*page)["lines"].items().empty();
    after = (*page)["next"].text_or("");
    if (after.empty()) return found ? Done : Failed;
  }
  return session.complain("the search was cut off after " + std::to_string(max_pages) +
                          " pages; narrow it with --from and --to");
}

void add_filter(CLI::App& command, Session& session) {
  auto option = [&](const char* flag, const char* name, const char* what, const char* type) {
    filter_option(command, session, flag, name, what, type)->group(filter_group);
  };
  option("--from", "from", "Not before: 2026-03-01, 2026-03-01T12:00:00Z, or 24h ago as 24h", "TIME");
  option("--to", "to", "Before; written likewise", "TIME");
  option("--client", "client", "Of this client", "NAME");
  option("--connection", "connection", "Through this connection", "NAME");
  option("--operation", "operation", "Of this operation, like crm.objects.read", "NAME");
  option("--kind", "kind", "call, admin, secret-use, grant, webhook or system", "KIND");
  option("--decision", "decision", "allow, deny or shadow-deny", "WORD");
  option("--status", "status", "Answered with this status", "NUMBER");
  option("--correlation-id", "correlation_id", "The record that an error message points to", "ID");
}

}  // namespace

void add_journal_commands(CLI::App& root, Session& session) {
  CLI::App* all = group(root, "journal", "The record of every call, decision and change");
  CLI::App* tail = command(*all, session, "tail", "Show the newest records", "hubward journal tail -n 50");
  tail->add_option("-n,--count", session.words.count, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  tail->callback([&session] { session.chosen = [&session] { return print_tail(session); }; });

  CLI::App* find = command(*all, session, "find", "Search; exits 1 when nothing was found",
                           "hubward journal find --client billing --decision deny --from 24h");
  add_filter(*find, session);
  find->callback([&session] {
    session.chosen = [&session] { return print_found(session, session.json ? Lines::Json : Lines::Text); };
  });

  CLI::App* exporting = command(*all, session, "export", "Write records for other programs",
                                "hubward journal export --csv --from 2026-03-01 > march.csv");
  exporting->add_flag("--csv", session.words.csv, "As CSV, with a header line (the default is JSON lines)");
  add_filter(*exporting, session);
  exporting->callback([&session] {
    session.chosen = [&session] {
      return print_found(session, session.words.csv ? Lines::Csv : Lines::Json);
    };
  });
}

}  // namespace hubward::cli
