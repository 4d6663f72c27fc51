// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with the settings that every file of ours has, and its statements kept prepared. For
// sources of store/ only. A resource that moves; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "store/value.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace hubward::store {

// "HUBW": marks a file as ours in SQLite's header.
constexpr std::int64_t application_id = 0x48554257;

class Connection {
 public:
  enum class Use { Write, Read };
  struct Settings {
    std::chrono::milliseconds busy_timeout{5000};
    std::string file_system = {};
    std::size_t cache_kilobytes = 2048;
    std::size_t checkpoint_pages = 1000;
    std::size_t page_bytes = 4096;
  };

  // The file must exist (store/files.hpp creates it). A writing connection turns it into a WAL database.
  static Result<Connection> open(const std::string& path, Use use, const Settings& settings);

  // One statement from outside this room: it may not begin, end or nest transactions, attach files or change
  // settings.
  Result<std::vector<Row>> read(const Statement& statement);
  Result<std::int64_t> change(const Statement& statement);  // rows changed

  // Statements of this room's own: transaction control, one at a time and prepared once; settings and
  // migrations.
  Result<void> control(std::string_view sql);
  Result<void> script(std::string_view sql);
  Result<std::vector<Row>> ask(std::string_view sql);

  // False after a failure that made SQLite undo the whole transaction by itself.
  bool in_transaction() const;
  sqlite3* handle() const { return database_.get(); }
  const std::string& name() const { return name_; }
  Error trouble(int code) const;

 private:
  struct Closer {
    void operator()(sqlite3* database) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Closer>;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  Connection(std::unique_ptr<sqlite3, Closer> database, std::string name);
  Result<void> settle(Use use, const Settings& settings);
  using Statements = std::unordered_map<std::string, Prepared, TextHash, std::equal_to<>>;
  Result<sqlite3_stmt*> prepare(std::string_view sql, Statements& among);
  Result<sqlite3_stmt*> bound(const Statement& statement);

  std::unique_ptr<sqlite3, Closer> database_;
  std::string name_;  // of the file, for messages
  // Read by SQLite's authorizer through a pointer, so it does not move with us: whether the statement being
  // prepared is this room's own.
  std::unique_ptr<bool> own_statement_;
  Statements prepared_;
  Statements controls_;  // apart, or a statement from outside would find one that it may not use
};

}  // namespace hubward::store
