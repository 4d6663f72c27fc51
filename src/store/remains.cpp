// SPDX-License-Identifier: Apache-2.0
#include "store/remains.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

#include <algorithm>
#include <bitset>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/invariant.hpp"
#include "store/connection.hpp"
#include "store/files.hpp"
#include "store/maintenance.hpp"

namespace hubward::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk_bytes = 1024 * 1024;

// Which of the values a file holds something of. One pass, however many pieces there are.
class Hunt {
 public:
  explicit Hunt(std::span<const Bytes> values) {
    for (std::size_t value = 0; value < values.size(); ++value) {
      std::string_view whole = text_of(values[value]);
      for (std::size_t at = 0; at + piece_bytes <= whole.size(); at += piece_bytes)
        add(whole.substr(at), value);
      add(whole.substr(whole.size() - piece_bytes), value);
    }
  }

  void begin() { found_.clear(); }
  // Consecutive parts of a file; each is given with the last `piece_bytes` - 1 bytes of the one before.
  void look(std::string_view bytes) {
    for (std::size_t at = 0; at + piece_bytes <= bytes.size(); ++at) {
      if (!beginnings_[beginning(bytes.data() + at)]) continue;
      auto piece = pieces_.find(bytes.substr(at, piece_bytes));
      if (piece != pieces_.end()) found_.insert(piece->second);
    }
  }
  std::size_t found() const { return found_.size(); }

 private:
  static std::uint16_t beginning(const char* at) {
    std::uint16_t two = 0;
    std::memcpy(&two, at, sizeof two);
    return two;
  }
  void add(std::string_view bytes, std::size_t value) {
    beginnings_[beginning(bytes.data())] = true;
    pieces_.emplace(bytes.substr(0, piece_bytes), value);
  }

  std::bitset<65536> beginnings_;  // the first two bytes of all pieces
  std::unordered_map<std::string_view, std::size_t> pieces_;
  std::unordered_set<std::size_t> found_;
};

// Fills the buffer from the offset, as far as the file goes; answers how much.
using Read = std::function<Result<std::size_t>(std::span<char> buffer, std::uint64_t offset)>;

Result<SearchedFile> search(std::string name, std::uint64_t size, const Read& read, Hunt& hunt) {
  hunt.begin();
  std::string buffer(chunk_bytes, '\0');
  for (std::uint64_t offset = 0; offset < size;) {
    Result<std::size_t> got = read(buffer, offset);
    if (!got) return std::unexpected(got.error());
    if (*got < piece_bytes) break;
    hunt.look(std::string_view(buffer).substr(0, *got));
    offset += *got - (piece_bytes - 1);
  }
  return SearchedFile{std::move(name), size, hunt.found()};
}

// --- Databases that may be open, through SQLite ---

Result<std::uint64_t> size_of(sqlite3_file* file, const std::string& name) {
  sqlite3_int64 size = 0;
  int code = file->pMethods->xFileSize(file, &size);
  if (code != SQLITE_OK) return system_trouble(name, "cannot be read", errno);
  return static_cast<std::uint64_t>(size);
}

Result<SearchedFile> search_through_sqlite(sqlite3_file* file, const std::string& name, Hunt& hunt) {
  // A log that was never begun has no file.
  if (file == nullptr || file->pMethods == nullptr) return SearchedFile{name, 0, 0};
  Result<std::uint64_t> size = size_of(file, name);
  if (!size) return std::unexpected(size.error());
  Read read = [&](std::span<char> buffer, std::uint64_t offset) -> Result<std::size_t> {
    auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), *size - offset));
    int code = file->pMethods->xRead(file, buffer.data(), static_cast<int>(wanted),
                                     static_cast<sqlite3_int64>(offset));
    // Cut shorter meanwhile: the rest was filled with zeros.
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
      return system_trouble(name, "cannot be read", errno);
    return wanted;
  };
  return search(name, *size, read, hunt);
}

Result<void> search_database(const std::string& directory, const std::string& name, Hunt& hunt,
                             std::vector<SearchedFile>& searched) {
  Result<Connection> connection = Connection::open(directory + "/" + name, Connection::Use::Read, {});
  if (!connection) return std::unexpected(connection.error());
  // The log is opened by the first read, and stays for as long as that goes on.
  Result<void> begun = connection->script("BEGIN; SELECT count(*) FROM sqlite_schema");
  if (!begun) return begun;
  for (auto [which, suffix] :
       {std::pair(SQLITE_FCNTL_FILE_POINTER, ""), {SQLITE_FCNTL_JOURNAL_POINTER, "-wal"}}) {
    sqlite3_file* file = nullptr;
    int code = sqlite3_file_control(connection->handle(), "main", which, static_cast<void*>(&file));
    if (code != SQLITE_OK) return std::unexpected(connection->trouble(code));
    Result<SearchedFile> one = search_through_sqlite(file, name + suffix, hunt);
    if (!one) return std::unexpected(one.error());
    searched.push_back(std::move(*one));
  }
  return connection->script("COMMIT");
}

// --- Everything else ---

Result<SearchedFile> search_plain(const fs::path& path, std::string name, Hunt& hunt) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) return system_trouble(path.string(), "cannot be read", errno);
  std::error_code trouble;
  std::uintmax_t size = fs::file_size(path, trouble);
  if (trouble) return system_trouble(path.string(), "cannot be read", trouble.value());
  Read read = [&](std::span<char> buffer, std::uint64_t offset) -> Result<std::size_t> {
    if (std::fseek(file.get(), static_cast<long>(offset), SEEK_SET) != 0)
      return system_trouble(path.string(), "cannot be read", errno);
    std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get());
    if (std::ferror(file.get()) != 0) return system_trouble(path.string(), "cannot be read", EIO);
    return got;
  };
  return search(std::move(name), size, read, hunt);
}

bool is_database(std::string_view name) {
  return std::ranges::find(store_files, name) != store_files.end();
}
// The log is read with its database; its index holds page numbers only, and is locked; so is the store's
// lock.
bool goes_with_database(std::string_view name) {
  return name == "lock" || std::ranges::any_of(store_files, [&](std::string_view database) {
           return name.starts_with(database) &&
                  (name.substr(database.size()) == "-wal" || name.substr(database.size()) == "-shm");
         });
}

}  // namespace

Result<std::vector<SearchedFile>> search_files(const std::string& directory, std::span<const Bytes> values) {
  for (const Bytes& value : values)
    invariant(value.size() >= piece_bytes, "what is looked for is long enough to be found");
  Hunt hunt(values);
  std::vector<SearchedFile> searched;
  std::error_code trouble;
  for (fs::recursive_directory_iterator entry(directory, trouble), end; !trouble && entry != end;
       entry.increment(trouble)) {
    std::error_code gone;
    if (!fs::is_regular_file(entry->symlink_status(gone))) continue;
    std::string name = fs::relative(entry->path(), directory, gone).string();
    Result<void> done;
    if (is_database(name)) {
      done = search_database(directory, name, hunt, searched);
    } else if (!goes_with_database(name)) {
      Result<SearchedFile> one = search_plain(entry->path(), name, hunt);
      if (one) searched.push_back(std::move(*one));
      if (!one) done = std::unexpected(one.error());
    }
    if (!done) return std::unexpected(done.error());
  }
  if (trouble) return system_trouble(directory, "cannot be read", trouble.value());
  std::ranges::sort(searched, {}, &SearchedFile::file);
  return searched;
}

}  // namespace hubward::store
