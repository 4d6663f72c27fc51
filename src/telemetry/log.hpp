// SPDX-License-Identifier: Apache-2.0
// The program's log: one event per line, JSON for machines or a readable form for a terminal. Every text goes
// through redacted() (telemetry/redact.hpp), as a second line of defence behind the type Secret, and through
// escaping: no value can begin a line of its own or move a terminal's cursor. Bodies, queries and header
// values do not belong here at all.
//
// Any thread. A line is one write(2), so that lines of several threads do not mix. A line that cannot be
// written is counted, not waited for and never an error of the caller.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/clock.hpp"
#include "core/named.hpp"
#include "core/result.hpp"

namespace hubward::telemetry {

enum class Level { Error, Warning, Info, Debug };
std::string_view name_of(Level level);  // "error", "warning", "info", "debug"

// What a field may hold: text, an integer, yes or no, a duration (written in milliseconds). Borrows its text
// for the one call.
class LogValue {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a field reads as itself, {"port", 8443}
  LogValue(const char* text) : value_(std::string_view(text)) {}
  LogValue(std::string_view text) : value_(text) {}
  LogValue(const std::string& text) : value_(std::string_view(text)) {}
  template <class Tag>
  LogValue(const Named<Tag>& name) : value_(std::string_view(name.text)) {}
  template <class Tag>
  LogValue(const Numbered<Tag>& number) : value_(number.number) {}
  template <std::same_as<bool> Boolean>
  LogValue(Boolean boolean) : value_(boolean) {}
  template <std::signed_integral Integer>
  LogValue(Integer integer) : value_(std::int64_t{integer}) {}
  template <std::unsigned_integral Integer>
    requires(!std::same_as<Integer, bool>)
  LogValue(Integer integer) : value_(std::uint64_t{integer}) {}
  template <class Rep, class Period>
  LogValue(std::chrono::duration<Rep, Period> duration)
      : value_(std::chrono::duration_cast<std::chrono::microseconds>(duration)) {}
  // NOLINTEND(google-explicit-constructor)

  using Held = std::variant<std::string_view, std::int64_t, std::uint64_t, bool, std::chrono::microseconds>;
  const Held& held() const { return value_; }

 private:
  Held value_;
};

struct LogField {
  std::string_view key;  // of ours, never from outside
  LogValue value;
};

// Longer texts are cut, and say so.
constexpr std::size_t max_log_text = 2048;
constexpr std::size_t max_log_line = 32 * 1024;

class Log {
 public:
  enum class Form { Json, Readable };
  // Gets whole lines with their line feed; answers whether it could write. From several threads at once.
  using Sink = std::function<bool(std::string_view line)>;

  Log(const Clock& clock, Sink sink, Form form = Form::Json, Level level = Level::Info);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // `event` is a stable dotted name of ours: "grant.refreshed".
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Level::Error, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Level::Warning, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Level::Info, event, fields);
  }
  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Level::Debug, event, fields);
  }
  // An error with its code, fault and sentence as fields.
  void failed(Level level, std::string_view event, const Error& error,
              std::initializer_list<LogField> fields = {});
  void write(Level level, std::string_view event, std::span<const LogField> fields);

  bool wants(Level level) const { return level <= level_.load(std::memory_order_relaxed); }
  void set_level(Level level) { level_ = level; }
  std::uint64_t lines_lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  const Clock& clock_;
  const Sink sink_;
  const Form form_;
  std::atomic<Level> level_;
  std::atomic<std::uint64_t> lost_{0};
};

// Writes to an open descriptor (2 for standard error), which it does not own. Waits only as long as the
// descriptor makes write(2) wait.
Log::Sink descriptor_sink(int descriptor);
// Readable on a terminal, JSON elsewhere.
Log::Form form_for(int descriptor);
// Drops everything, for tests of other rooms.
Log::Sink silent_sink();

}  // namespace hubward::telemetry
