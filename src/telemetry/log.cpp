// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "telemetry/escape.hpp"
#include "telemetry/redact.hpp"

namespace hubward::telemetry {

namespace {

// Cuts at the beginning of a UTF-8 character, so that the rest stays text.
std::string shortened(std::string text) {
  if (text.size() <= max_log_text) return text;
  std::size_t end = max_log_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  std::size_t left_out = text.size() - end;
  text.resize(end);
  return text + fmt::format("... ({} bytes left out)", left_out);
}

std::string safe(std::string_view text) {
  // Redacts before it cuts: half a token has no shape any more.
  return shortened(redacted(text));
}

std::string milliseconds_of(std::chrono::microseconds duration) {
  return fmt::format("{}{}.{:03}", duration.count() < 0 ? "-" : "", std::abs(duration.count() / 1000),
                     std::abs(duration.count() % 1000));
}

struct WriteJson {
  std::string operator()(std::string_view text) const { return quoted(safe(text)); }
  std::string operator()(std::int64_t integer) const { return std::to_string(integer); }
  std::string operator()(std::uint64_t integer) const { return std::to_string(integer); }
  std::string operator()(bool yes) const { return yes ? "true" : "false"; }
  std::string operator()(std::chrono::microseconds duration) const { return milliseconds_of(duration); }
};

// Bare where that is plain to read, quoted like JSON elsewhere.
struct WriteReadable {
  std::string operator()(std::string_view text) const {
    std::string kept = safe(text);
    bool plain = !kept.empty();
    for (char c : kept) plain = plain && c > 0x20 && c < 0x7f && c != 0x22 && c != 0x5c && c != 0x3d;
    return plain ? kept : quoted(kept);
  }
  std::string operator()(std::chrono::microseconds duration) const {
    return milliseconds_of(duration) + "ms";
  }
  std::string operator()(auto other) const { return WriteJson{}(other); }
};

std::string json_line(TimePoint time, Level level, std::string_view event, std::span<const LogField> fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":{})", to_iso8601(time), name_of(level),
                                 quoted(event));
  for (const LogField& field : fields) {
    bool duration = std::holds_alternative<std::chrono::microseconds>(field.value.held());
    std::string key = std::string(field.key) + (duration ? "_ms" : "");
    std::string member = "," + quoted(key) + ":" + std::visit(WriteJson{}, field.value.held());
    if (line.size() + member.size() + 32 > max_log_line) {
      line += R"(,"fields_left_out":true)";
      break;
    }
    line += member;
  }
  return line + "}\n";
}

std::string readable_line(TimePoint time, Level level, std::string_view event,
                          std::span<const LogField> fields) {
  std::string line = fmt::format("{} {:7} {}", to_iso8601(time), name_of(level), event);
  for (const LogField& field : fields) {
    std::string member = fmt::format(" {}={}", field.key, std::visit(WriteReadable{}, field.value.held()));
    if (line.size() + member.size() + 32 > max_log_line) {
      line += " ...";
      break;
    }
    line += member;
  }
  return line + "\n";
}

std::string_view name_of_fault(Fault fault) {
  switch (fault) {
    case Fault::Caller: return "caller";
    case Fault::HubSpot: return "hubspot";
    case Fault::Network: return "network";
    case Fault::Store: return "store";
    case Fault::Us: return "us";
  }
  return "us";
}

}  // namespace

std::string_view name_of(Level level) {
  switch (level) {
    case Level::Error: return "error";
    case Level::Warning: return "warning";
    case Level::Info: return "info";
    case Level::Debug: return "debug";
  }
  return "debug";
}

Log::Log(const Clock& clock, Sink sink, Form form, Level level)
    : clock_(clock), sink_(std::move(sink)), form_(form), level_(level) {}

void Log::write(Level level, std::string_view event, std::span<const LogField> fields) {
  if (!wants(level)) return;
  auto line = form_ == Form::Json ? json_line : readable_line;
  if (!sink_(line(clock_.now(), level, event, fields))) lost_.fetch_add(1, std::memory_order_relaxed);
}

void Log::failed(Level level, std::string_view event, const Error& error,
                 std::initializer_list<LogField> fields) {
  std::vector<LogField> all(fields);
  all.push_back({"code", error.code});
  all.push_back({"fault", name_of_fault(error.fault)});
  all.push_back({"retry", error.retry == Retry::Later});
  all.push_back({"message", error.message});
  write(level, event, all);
}

Log::Sink descriptor_sink(int descriptor) {
  return [descriptor](std::string_view line) {
    for (;;) {
      ssize_t written = ::write(descriptor, line.data(), line.size());
      if (written >= 0) return static_cast<std::size_t>(written) == line.size();
      if (errno != EINTR) return false;
    }
  };
}

Log::Form form_for(int descriptor) {
  return isatty(descriptor) ? Log::Form::Readable : Log::Form::Json;
}

Log::Sink silent_sink() {
  return [](std::string_view) { return true; };
}

}  // namespace hubward::telemetry
