// SPDX-License-Identifier: Apache-2.0
#include "journal/archive.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>

namespace hubward::journal {

using store::bytes_at;
using store::Database;
using store::integer_at;
using store::null_at;
using store::Row;
using store::Statement;

namespace {

constexpr std::array<std::string_view, 1> migrations = {
    "CREATE TABLE journal_blocks (number INTEGER PRIMARY KEY, first_time INTEGER NOT NULL,"
    " last_time INTEGER NOT NULL, records INTEGER NOT NULL, hash BLOB NOT NULL, filter BLOB NOT NULL,"
    " payload BLOB NOT NULL) STRICT;"
    "CREATE INDEX journal_blocks_by_first_time ON journal_blocks (first_time);"
    "CREATE INDEX journal_blocks_by_last_time ON journal_blocks (last_time);"
    "CREATE TABLE journal_anchor (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL,"
    " hash BLOB NOT NULL) STRICT;"};

constexpr std::int64_t no_block = std::numeric_limits<std::int64_t>::max();
// Heads of blocks that one read looks at, and blocks that one read of payloads takes (2 MB each at most).
constexpr std::int64_t heads_per_read = 256;
constexpr std::int64_t payloads_per_read = 16;
constexpr std::int64_t removed_per_transaction = 512;

crypto::Digest digest_of(const Bytes& bytes) {
  crypto::Digest digest{};
  if (bytes.size() == digest.size()) std::ranges::copy(bytes, digest.begin());
  return digest;
}

Bytes bytes_of_digest(const crypto::Digest& digest) {
  return Bytes(digest.begin(), digest.end());
}

Result<ChainEnd> read_one_end(Database& database, std::string sql) {
  Result<std::vector<Row>> rows = database.read({std::move(sql)});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return ChainEnd{};
  return ChainEnd{integer_at(rows->front(), 0), digest_of(bytes_at(rows->front(), 1))};
}

Result<ChainEnd> read_anchor(Database& database) {
  return read_one_end(database, "SELECT number, hash FROM journal_anchor");
}

bool fits(const Filter& wanted, const Record& record) {
  auto equal = [](const auto& condition, const auto& value) { return !condition || *condition == value; };
  return (!wanted.from || record.time >= *wanted.from) && (!wanted.to || record.time < *wanted.to) &&
         equal(wanted.kind, record.kind) && equal(wanted.client, record.client) &&
         equal(wanted.connection, record.connection) && equal(wanted.operation, record.operation) &&
         equal(wanted.correlation_id, record.correlation_id) && equal(wanted.status, record.status) &&
         equal(wanted.decision, record.decision);
}

// Whether a block, by its row without the payload, may hold a record that fits.
bool may_fit(const Filter& wanted, const Row& head) {
  if (wanted.from && from_millis(integer_at(head, 2)) < *wanted.from) return false;
  if (wanted.to && from_millis(integer_at(head, 1)) >= *wanted.to) return false;
  auto allows = [&](Key what, const std::optional<std::string>& name) {
    return !name || may_hold(bytes_at(head, 3), what, *name);
  };
  return allows(Key::Client, wanted.client) && allows(Key::Connection, wanted.connection) &&
         allows(Key::Operation, wanted.operation) && allows(Key::CorrelationId, wanted.correlation_id);
}

// The blocks that a search may have to look at. The clock may have been set back, so the range is where times
// can be, not where they begin.
struct Range {
  std::int64_t first = 1;
  std::int64_t last = no_block;
};

Result<std::int64_t> read_number(Database& database, Statement statement, std::int64_t otherwise) {
  Result<std::vector<Row>> rows = database.read(std::move(statement));
  if (!rows) return std::unexpected(rows.error());
  return null_at(rows->front(), 0) ? otherwise : integer_at(rows->front(), 0);
}

Result<Range> range_of(Database& database, const Search& search) {
  Range range;
  if (search.filter.from) {
    Statement ask{"SELECT min(number) FROM journal_blocks WHERE last_time >= ?",
                  {to_millis(*search.filter.from)}};
    Result<std::int64_t> first = read_number(database, std::move(ask), no_block);
    if (!first) return std::unexpected(first.error());
    range.first = *first;
  }
  if (search.filter.to) {
    Statement ask{"SELECT max(number) FROM journal_blocks WHERE first_time < ?",
                  {to_millis(*search.filter.to)}};
    Result<std::int64_t> last = read_number(database, std::move(ask), 0);
    if (!last) return std::unexpected(last.error());
    range.last = *last;
  }
  if (!search.after) return range;
  if (search.order == Order::OldestFirst)
    range.first = std::max(range.first, search.after->block);
  else
    range.last = std::min(range.last, search.after->block);
  return range;
}

Result<std::vector<Record>> read_records(Database& database, std::int64_t number) {
  Result<std::vector<Row>> rows =
      database.read({"SELECT payload FROM journal_blocks WHERE number = ?", {number}});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::vector<Record>{};  // retention was faster
  Result<Block> block = decode(bytes_at(rows->front(), 0));
  if (!block) return while_doing(fmt::format("block {}", number), block.error());
  return std::move(block->records);
}

// Walks the blocks of a range and gathers one page.
class Gathering {
 public:
  Gathering(Database& database, const Search& search)
      : database_(database), search_(search), limit_(std::clamp<std::size_t>(search.limit, 1, max_page)) {}

  Result<Page> gather(Range range) {
    while (range.first <= range.last && looked_at_ < max_blocks_per_page) {
      Result<std::vector<Row>> heads = read_heads(range);
      if (!heads) return std::unexpected(heads.error());
      if (heads->empty()) return std::move(page_);
      for (const Row& head : *heads) {
        Result<bool> more = take_block(head);
        if (!more) return std::unexpected(more.error());
        if (!*more) return std::move(page_);
        (oldest_first() ? range.first : range.last) = integer_at(head, 0) + (oldest_first() ? 1 : -1);
      }
    }
    if (range.first <= range.last) page_.next = Cursor{oldest_first() ? range.first : range.last, 0};
    return std::move(page_);
  }

 private:
  bool oldest_first() const { return search_.order == Order::OldestFirst; }

  Result<std::vector<Row>> read_heads(const Range& range) {
    std::string sql =
        "SELECT number, first_time, last_time, filter FROM journal_blocks"
        " WHERE number BETWEEN ? AND ? ORDER BY number ";
    sql += oldest_first() ? "ASC LIMIT ?" : "DESC LIMIT ?";
    return database_.read({std::move(sql), {range.first, range.last, heads_per_read}});
  }

  // Answers whether the page has room for more.
  Result<bool> take_block(const Row& head) {
    ++looked_at_;
    if (!may_fit(search_.filter, head)) return true;
    std::int64_t number = integer_at(head, 0);
    Result<std::vector<Record>> records = read_records(database_, number);
    if (!records) return std::unexpected(records.error());
    if (!oldest_first()) std::ranges::reverse(*records);
    bool resumed = search_.after && search_.after->block == number;
    for (std::uint32_t i = resumed ? search_.after->done : 0; i < records->size(); ++i) {
      if (!fits(search_.filter, (*records)[i])) continue;
      if (page_.records.size() == limit_) {
        page_.next = Cursor{number, i};
        return false;
      }
      page_.records.push_back(std::move((*records)[i]));
    }
    return true;
  }

  Database& database_;
  const Search& search_;
  const std::size_t limit_;
  std::size_t looked_at_ = 0;
  Page page_;
};

// Reads the chain from its anchor on and notes what is wrong with it.
class Verification {
 public:
  explicit Verification(ChainEnd anchor) : end_(anchor) {}

  void look_at(const Row& row) {
    std::int64_t number = integer_at(row, 0);
    if (number != end_.number + 1)
      note(fmt::format("blocks {} to {} are missing", end_.number + 1, number - 1));
    else if (chain_hash(end_.hash, bytes_at(row, 6)) != digest_of(bytes_at(row, 4)))
      note(fmt::format("block {} is not what was written after block {}", number, end_.number));
    compare(number, row);
    end_ = {number, digest_of(bytes_at(row, 4))};
    if (report_.blocks++ == 0) report_.first_block = number;
    report_.last_block = number;
  }

  ChainReport finish() {
    report_.last_hash = to_hex(end_.hash);
    return std::move(report_);
  }
  std::int64_t next() const { return end_.number + 1; }

 private:
  // The columns beside the payload are not in the chain, so they must say what the payload says.
  void compare(std::int64_t number, const Row& row) {
    Result<Block> block = decode(bytes_at(row, 6));
    if (!block) return note(fmt::format("block {}: {}", number, block.error().message));
    report_.records += block->records.size();
    bool same = block->number == number && to_millis(block->first_time()) == integer_at(row, 1) &&
                to_millis(block->last_time()) == integer_at(row, 2) &&
                static_cast<std::int64_t>(block->records.size()) == integer_at(row, 3) &&
                filter_of(*block) == bytes_at(row, 5);
    if (!same) note(fmt::format("the columns of block {} do not say what is in it", number));
  }
  void note(std::string sentence) {
    if (report_.wrong.size() < max_chain_troubles) report_.wrong.push_back(std::move(sentence));
  }

  ChainEnd end_;
  ChainReport report_;
};

}  // namespace

store::Schema schema() {
  return {"journal", migrations};
}

crypto::Digest chain_hash(const crypto::Digest& previous, std::span<const std::byte> payload) {
  return crypto::sha256({std::span<const std::byte>(previous), payload});
}

Result<ChainEnd> read_chain_end(Database& database) {
  Result<ChainEnd> end =
      read_one_end(database, "SELECT number, hash FROM journal_blocks ORDER BY number DESC LIMIT 1");
  if (!end || end->number != 0) return end;
  return read_anchor(database);
}

Statement block_row(const Block& block, Bytes payload, const crypto::Digest& hash) {
  return {
      "INSERT INTO journal_blocks (number, first_time, last_time, records, hash, filter, payload)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)",
      {block.number, to_millis(block.first_time()), to_millis(block.last_time()),
       static_cast<std::int64_t>(block.records.size()), bytes_of_digest(hash), filter_of(block),
       std::move(payload)}};
}

Result<std::optional<crypto::Digest>> read_hash(Database& database, std::int64_t number) {
  Result<std::vector<Row>> rows =
      database.read({"SELECT hash FROM journal_blocks WHERE number = ?", {number}});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return digest_of(bytes_at(rows->front(), 0));
}

Result<Page> find_page(Database& database, const Search& search) {
  Result<Range> range = range_of(database, search);
  if (!range) return std::unexpected(range.error());
  return Gathering(database, search).gather(*range);
}

Result<std::uint64_t> remove_blocks_before(Database& database, TimePoint before) {
  Statement ask{"SELECT min(number) FROM journal_blocks WHERE last_time >= ?", {to_millis(before)}};
  Result<std::int64_t> kept = read_number(database, std::move(ask), no_block);
  if (!kept) return std::unexpected(kept.error());
  std::uint64_t removed = 0;
  for (;;) {
    Statement next{
        "SELECT number, hash, records FROM journal_blocks WHERE number < ? ORDER BY number LIMIT ?",
        {*kept, removed_per_transaction}};
    Result<std::vector<Row>> rows = database.read(std::move(next));
    if (!rows) return std::unexpected(rows.error());
    if (rows->empty()) return removed;
    std::int64_t last = integer_at(rows->back(), 0);
    std::vector<Statement> transaction{
        {"INSERT OR REPLACE INTO journal_anchor (id, number, hash) VALUES (1, ?, ?)",
         {last, bytes_at(rows->back(), 1)}},
        {"DELETE FROM journal_blocks WHERE number <= ?", {last}}};
    Result<void> done = database.write(std::move(transaction));
    if (!done) return std::unexpected(done.error());
    for (const Row& row : *rows) removed += static_cast<std::uint64_t>(integer_at(row, 2));
  }
}

Result<ChainReport> verify_chain(Database& database) {
  Result<ChainEnd> anchor = read_anchor(database);
  if (!anchor) return std::unexpected(anchor.error());
  Verification verification(*anchor);
  for (;;) {
    Statement next{
        "SELECT number, first_time, last_time, records, hash, filter, payload FROM journal_blocks"
        " WHERE number >= ? ORDER BY number LIMIT ?",
        {verification.next(), payloads_per_read}};
    Result<std::vector<Row>> rows = database.read(std::move(next));
    if (!rows) return std::unexpected(rows.error());
    if (rows->empty()) return verification.finish();
    for (const Row& row : *rows) verification.look_at(row);
  }
}

}  // namespace hubward::journal
