// SPDX-License-Identifier: Apache-2.0
#include "journal/record.hpp"

#include <algorithm>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "telemetry/escape.hpp"

namespace hubward::journal {

namespace {

constexpr std::size_t kept_hash_bytes = 12;                      // 96 bits: no two values meet by chance
constexpr std::int64_t max_time_millis = std::int64_t{1} << 50;  // as in the format of a block
constexpr std::string_view cut_mark = "…";

// Without a branch for each byte, so that the compiler takes many at a time.
bool is_plain(std::string_view text) {
  unsigned others = 0;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    others |= static_cast<unsigned>(byte < 0x20) | static_cast<unsigned>(byte >= 0x7f);
  }
  return others == 0;
}

void fit(std::string& text) {
  if (text.size() <= max_text && is_plain(text)) return;
  text = telemetry::one_line(text);
  if (text.size() <= max_text) return;
  std::size_t end = max_text - cut_mark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  text.resize(end);
  text += cut_mark;
}

void fit(std::vector<Field>& fields) {
  if (fields.size() > max_fields) {
    fields.resize(max_fields);
    fields.back() = {std::string(cut_mark), std::string(cut_mark)};
  }
  for (Field& field : fields) {
    fit(field.name);
    fit(field.value);
  }
}

}  // namespace

std::string hashed(const crypto::HmacKey& key, std::string_view value) {
  crypto::Digest digest = key.sign(bytes_of(value));
  return std::string(hash_mark) + to_base64url(std::span(digest).first(kept_hash_bytes));
}

std::string id_or_hash(const crypto::HmacKey& key, std::string_view value) {
  bool id = !value.empty() && value.size() <= 19 && std::ranges::all_of(value, is_digit);
  return id ? std::string(value) : hashed(key, value);
}

void fit(Record& record) {
  for (std::string* text : {&record.client, &record.connection, &record.operation, &record.path_template,
                            &record.rule, &record.reason, &record.correlation_id, &record.peer})
    fit(*text);
  fit(record.parameters);
  fit(record.details);
  record.time = std::clamp(record.time, from_millis(0), from_millis(max_time_millis));
  record.duration = std::max(record.duration, std::chrono::microseconds(0));
  record.upstream_duration = std::max(record.upstream_duration, std::chrono::microseconds(0));
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::Call: return "call";
    case Kind::Admin: return "admin";
    case Kind::SecretUse: return "secret-use";
    case Kind::Grant: return "grant";
    case Kind::Webhook: return "webhook";
    case Kind::System: return "system";
  }
  return "unknown";
}

std::string_view name_of(Decision decision) {
  switch (decision) {
    case Decision::None: return "none";
    case Decision::Allow: return "allow";
    case Decision::Deny: return "deny";
    case Decision::ShadowDeny: return "shadow-deny";
  }
  return "unknown";
}

}  // namespace hubward::journal
