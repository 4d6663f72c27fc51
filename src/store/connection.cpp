// SPDX-License-Identifier: Apache-2.0
#include "store/connection.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

#include <filesystem>
#include <utility>

#include "store/database.hpp"

namespace hubward::store {

namespace {

// More different statements than any room has; reached only by a bug that pastes values into SQL.
constexpr std::size_t prepared_limit = 256;

int authorize(void* own_statement, int action, const char*, const char*, const char*, const char*) {
  if (*static_cast<const bool*>(own_statement)) return SQLITE_OK;
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA: return SQLITE_DENY;
    default: return SQLITE_OK;
  }
}

// While it lives, the authorizer lets everything pass.
struct OwnStatement {
  explicit OwnStatement(bool& flag) : own(flag) { own = true; }
  OwnStatement(const OwnStatement&) = delete;
  OwnStatement& operator=(const OwnStatement&) = delete;
  ~OwnStatement() { own = false; }
  bool& own;
};

// Gives the statement back clean, whatever happened.
struct Reset {
  explicit Reset(sqlite3_stmt* statement) : prepared(statement) {}
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;
  ~Reset() {
    sqlite3_reset(prepared);
    sqlite3_clear_bindings(prepared);
  }
  sqlite3_stmt* prepared;
};

int bind(sqlite3_stmt* prepared, int position, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(prepared, position, *integer);
  if (const auto* text = std::get_if<std::string>(&value))
    return sqlite3_bind_text64(prepared, position, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  if (const auto* bytes = std::get_if<Bytes>(&value)) {
    // A null pointer would bind NULL instead of an empty BLOB.
    const void* begin = bytes->empty() ? static_cast<const void*>("") : bytes->data();
    return sqlite3_bind_blob64(prepared, position, begin, bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(prepared, position);
}

Value column_of(sqlite3_stmt* prepared, int column) {
  switch (sqlite3_column_type(prepared, column)) {
    case SQLITE_NULL: return nullptr;
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(prepared, column)};
    case SQLITE_BLOB: {
      const auto* begin = static_cast<const std::byte*>(sqlite3_column_blob(prepared, column));
      return Bytes(begin, begin + sqlite3_column_bytes(prepared, column));
    }
    default: {  // text; a number with a fraction reads as its text
      const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(prepared, column));
      return std::string(begin, static_cast<std::size_t>(sqlite3_column_bytes(prepared, column)));
    }
  }
}

Error wrong_statement(std::string message) {
  return Error{"STORE_STATEMENT", Fault::Us, Retry::Never, std::move(message)};
}

}  // namespace

void Connection::Closer::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void Connection::Closer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Connection::Connection(std::unique_ptr<sqlite3, Closer> database, std::string name)
    : database_(std::move(database)), name_(std::move(name)), own_statement_(std::make_unique<bool>(false)) {}

Result<Connection> Connection::open(const std::string& path, Use use, const Settings& settings) {
  sqlite3* opened = nullptr;
  // One thread at a time is our promise, so SQLite need not lock. Reading connections of a WAL database must
  // be able to write its index of readers, hence READWRITE for both.
  int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                             settings.file_system.empty() ? nullptr : settings.file_system.c_str());
  Connection connection(std::unique_ptr<sqlite3, Closer>(opened),
                        std::filesystem::path(path).filename().string());
  if (code != SQLITE_OK) return std::unexpected(connection.trouble(code));
  Result<void> settled = connection.settle(use, settings);
  if (!settled) return std::unexpected(settled.error());
  return connection;
}

Result<void> Connection::settle(Use use, const Settings& settings) {
  sqlite3_extended_result_codes(handle(), 1);
  sqlite3_busy_timeout(handle(), static_cast<int>(settings.busy_timeout.count()));
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_set_authorizer(handle(), authorize, own_statement_.get());
  Result<void> set = script(
      "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;"
      "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA journal_size_limit=67108864;");
  if (!set) return set;
  set = script(fmt::format("PRAGMA cache_size=-{}; PRAGMA wal_autocheckpoint={};", settings.cache_kilobytes,
                           settings.checkpoint_pages));
  if (!set) return set;
  if (use == Use::Read) return script("PRAGMA query_only=ON");
  set = script(fmt::format("PRAGMA page_size={}", settings.page_bytes));
  if (!set) return set;
  Result<std::vector<Row>> mode = ask("PRAGMA journal_mode=WAL");
  if (!mode) return std::unexpected(mode.error());
  if (mode->size() != 1 || text_at(mode->front(), 0) != "wal")
    return failure(
        "STORE_UNAVAILABLE", Fault::Store, Retry::Never,
        fmt::format("{}: this file system cannot hold a WAL database; put the store on a local disk", name_));
  return {};
}

Error Connection::trouble(int code) const {
  std::string said = database_ ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  auto sentence = [&](std::string_view advice) { return fmt::format("{}: {}; {}", name_, said, advice); };
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_DATATYPE)
        return wrong_statement(sentence("a value of the wrong kind was bound"));
      return {"STORE_CONFLICT", Fault::Store, Retry::Never, fmt::format("{}: {}", name_, said)};
    case SQLITE_FULL:
      return {"STORE_UNAVAILABLE", Fault::Store, Retry::Later,
              fmt::format("{}: the disk is full; free some space", name_)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {"STORE_UNAVAILABLE", Fault::Store, Retry::Later,
              fmt::format("{}: another process has locked the file; end it or wait", name_)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {"STORE_CORRUPT", Fault::Store, Retry::Never,
              sentence("run `hubward store check`, then restore a backup")};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
      return {
          "STORE_UNAVAILABLE", Fault::Store, Retry::Later,
          fmt::format("{}: {} (SQLite code {}); look at the disk and its permissions", name_, said, code)};
    default: return wrong_statement(fmt::format("{}: {} (SQLite code {})", name_, said, code));
  }
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql, Statements& among) {
  if (auto found = among.find(sql); found != among.end()) return found->second.get();
  if (among.size() >= prepared_limit) among.clear();
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement, &rest);
  Prepared owned(statement);
  if (code != SQLITE_OK) return std::unexpected(trouble(code));
  if (!owned ||
      std::string_view(rest, sql.data() + sql.size()).find_first_not_of("; \n\t") != std::string_view::npos)
    return std::unexpected(wrong_statement(name_ + ": a Statement is exactly one SQL statement"));
  return among.emplace(std::string(sql), std::move(owned)).first->second.get();
}

Result<sqlite3_stmt*> Connection::bound(const Statement& statement) {
  Result<sqlite3_stmt*> prepared = prepare(statement.sql.text(), prepared_);
  if (!prepared) return prepared;
  if (sqlite3_bind_parameter_count(*prepared) != static_cast<int>(statement.values.size()))
    return std::unexpected(
        wrong_statement(name_ + ": a statement got another number of values than it has marks"));
  for (std::size_t i = 0; i < statement.values.size(); ++i) {
    int code = bind(*prepared, static_cast<int>(i) + 1, statement.values[i]);
    if (code == SQLITE_OK) continue;
    Error error = trouble(code);
    Reset clean(*prepared);
    return std::unexpected(std::move(error));
  }
  return prepared;
}

Result<std::vector<Row>> Connection::read(const Statement& statement) {
  Result<sqlite3_stmt*> prepared = bound(statement);
  if (!prepared) return std::unexpected(prepared.error());
  Reset clean(*prepared);
  if (!sqlite3_stmt_readonly(*prepared))
    return std::unexpected(wrong_statement(name_ + ": a statement that writes was given to read()"));

  std::vector<Row> rows;
  std::size_t bytes = 0;
  int code = sqlite3_step(*prepared);
  for (; code == SQLITE_ROW; code = sqlite3_step(*prepared)) {
    Row& row = rows.emplace_back();
    int columns = sqlite3_column_count(*prepared);
    row.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      row.push_back(column_of(*prepared, column));
      bytes += static_cast<std::size_t>(sqlite3_column_bytes(*prepared, column));
    }
    if (rows.size() > max_read_rows || bytes > max_read_bytes)
      return std::unexpected(
          wrong_statement(name_ + ": a statement read more than its bound; read in pages"));
  }
  if (code != SQLITE_DONE) return std::unexpected(trouble(code));
  return rows;
}

Result<std::int64_t> Connection::change(const Statement& statement) {
  Result<sqlite3_stmt*> prepared = bound(statement);
  if (!prepared) return std::unexpected(prepared.error());
  Reset clean(*prepared);
  int code = sqlite3_step(*prepared);
  while (code == SQLITE_ROW) code = sqlite3_step(*prepared);  // of a RETURNING clause
  if (code != SQLITE_DONE) return std::unexpected(trouble(code));
  return sqlite3_stmt_readonly(*prepared) ? 0 : std::int64_t{sqlite3_changes64(handle())};
}

Result<void> Connection::script(std::string_view sql) {
  OwnStatement own(*own_statement_);
  int code = sqlite3_exec(handle(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(trouble(code));
  return {};
}

Result<void> Connection::control(std::string_view sql) {
  OwnStatement own(*own_statement_);
  Result<sqlite3_stmt*> prepared = prepare(sql, controls_);
  if (!prepared) return std::unexpected(prepared.error());
  Reset clean(*prepared);
  int code = sqlite3_step(*prepared);
  if (code != SQLITE_DONE) return std::unexpected(trouble(code));
  return {};
}

Result<std::vector<Row>> Connection::ask(std::string_view sql) {
  OwnStatement own(*own_statement_);  // SQLite also asks while a statement runs
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(handle(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  Prepared owned(statement);
  if (code != SQLITE_OK) return std::unexpected(trouble(code));
  std::vector<Row> rows;
  for (code = sqlite3_step(statement); code == SQLITE_ROW; code = sqlite3_step(statement)) {
    Row& row = rows.emplace_back();
    for (int column = 0; column < sqlite3_column_count(statement); ++column)
      row.push_back(column_of(statement, column));
  }
  if (code != SQLITE_DONE) return std::unexpected(trouble(code));
  return rows;
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle()) == 0;
}

}  // namespace hubward::store
