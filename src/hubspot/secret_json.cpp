// SPDX-License-Identifier: Apache-2.0
#include "hubspot/secret_json.hpp"

#include <algorithm>
#include <charconv>

#include "core/ascii.hpp"

namespace hubward::hubspot {
namespace {

// Longer numbers than this mean nothing that HubSpot says.
constexpr std::size_t longest_number = 40;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// How many bytes the UTF-8 character at the front takes (RFC 3629 section 4), 0 when it is none.
std::size_t utf8_length(std::string_view text) {
  auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto tail = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if ((first == 0xE0 && at(1) < 0xA0) || (first == 0xED && at(1) > 0x9F)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if ((first == 0xF0 && at(1) < 0x90) || (first == 0xF4 && at(1) > 0x8F)) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// Four hex digits, or nothing.
std::optional<unsigned> code_unit(std::string_view text) {
  unsigned unit = 0;
  if (text.size() < 4) return std::nullopt;
  auto [end, trouble] = std::from_chars(text.data(), text.data() + 4, unit, 16);
  if (trouble != std::errc() || end != text.data() + 4) return std::nullopt;
  return unit;
}

// How many bytes the escape at the front (a backslash) takes, 0 when it is none.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] != 'u') return std::string_view("\"\\/bfnrt").contains(text[1]) ? 2 : 0;
  std::optional<unsigned> high = code_unit(text.substr(2));
  if (!high || (*high >= 0xDC00 && *high <= 0xDFFF)) return 0;
  if (*high < 0xD800 || *high > 0xDBFF) return 6;
  if (text.size() < 12 || text[6] != '\\' || text[7] != 'u') return 0;
  std::optional<unsigned> low = code_unit(text.substr(8));
  return low && *low >= 0xDC00 && *low <= 0xDFFF ? 12 : 0;
}

// Walks over JSON text without building anything. Every step answers false when the text breaks a rule.
class Walker {
 public:
  explicit Walker(std::string_view text) : rest_(text) {}

  void spaces() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_end() const { return rest_.empty(); }

  bool string() {
    if (!take('"')) return false;
    while (!rest_.empty() && rest_.front() != '"') {
      char c = rest_.front();
      if (static_cast<unsigned char>(c) < 0x20) return false;
      std::size_t length = c == '\\' ? escape_length(rest_) : utf8_length(rest_);
      if (length == 0) return false;
      rest_.remove_prefix(length);
    }
    return take('"');
  }

  // A member's name; names with escapes are refused, so that equal names have equal spelling.
  std::optional<std::string_view> name() {
    std::string_view before = rest_;
    if (!string()) return std::nullopt;
    std::string_view written = before.substr(1, before.size() - rest_.size() - 2);
    if (written.contains('\\')) return std::nullopt;
    return written;
  }

  // Any value; what it spans is what was walked over.
  std::optional<std::string_view> value(std::size_t depth) {
    std::string_view before = rest_;
    if (!walk_value(depth)) return std::nullopt;
    return before.substr(0, before.size() - rest_.size());
  }

  // `each` is called with the name of every member and walks over its value.
  template <class Each>
  bool object(const Each& each) {
    if (!take('{')) return false;
    spaces();
    if (take('}')) return true;
    std::vector<std::string_view> names;
    do {
      spaces();
      std::optional<std::string_view> member = name();
      if (!member || names.size() == SecretJson::max_members ||
          std::ranges::find(names, *member) != names.end())
        return false;
      names.push_back(*member);
      spaces();
      if (!take(':')) return false;
      spaces();
      if (!each(*member)) return false;
      spaces();
    } while (take(','));
    return take('}');
  }

  template <class Each>
  bool array(const Each& each) {
    if (!take('[')) return false;
    spaces();
    if (take(']')) return true;
    do {
      spaces();
      if (!each()) return false;
      spaces();
    } while (take(','));
    return take(']');
  }

 private:
  bool literal(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool digits() {
    if (rest_.empty() || !is_digit(rest_.front())) return false;
    while (!rest_.empty() && is_digit(rest_.front())) rest_.remove_prefix(1);
    return true;
  }
  bool number() {
    std::size_t before = rest_.size();
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      std::size_t exponent = rest_.size();
      if (!digits() || exponent - rest_.size() > 3) return false;
    }
    return before - rest_.size() <= longest_number;
  }
  bool walk_value(std::size_t depth) {
    if (rest_.empty() || depth == SecretJson::max_depth) return false;
    switch (rest_.front()) {
      case '"': return string();
      case '{': return object([&](std::string_view) { return walk_value(depth + 1); });
      case '[': return array([&] { return walk_value(depth + 1); });
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: return number();
    }
  }

  std::string_view rest_;
};

std::size_t put_utf8(unsigned point, char* out) {
  auto byte = [](unsigned bits) { return static_cast<char>(bits); };
  if (point < 0x80) return out[0] = byte(point), 1;
  if (point < 0x800) {
    out[0] = byte(0xC0 | point >> 6);
    out[1] = byte(0x80 | (point & 0x3F));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = byte(0xE0 | point >> 12);
    out[1] = byte(0x80 | (point >> 6 & 0x3F));
    out[2] = byte(0x80 | (point & 0x3F));
    return 3;
  }
  out[0] = byte(0xF0 | point >> 18);
  out[1] = byte(0x80 | (point >> 12 & 0x3F));
  out[2] = byte(0x80 | (point >> 6 & 0x3F));
  out[3] = byte(0x80 | (point & 0x3F));
  return 4;
}

// The escape at the front, which the walker has seen to be one.
std::size_t put_escape(std::string_view escape, char* out) {
  static constexpr std::string_view letters = "bfnrt", meanings = "\b\f\n\r\t";
  if (escape[1] != 'u') {
    std::size_t known = letters.find(escape[1]);
    *out = known == std::string_view::npos ? escape[1] : meanings[known];
    return 1;
  }
  unsigned point = *code_unit(escape.substr(2));
  if (point >= 0xD800 && point <= 0xDBFF)
    point = 0x10000 + ((point - 0xD800) << 10) + (*code_unit(escape.substr(8)) - 0xDC00);
  return put_utf8(point, out);
}

// What stands between the quotes of `written`, decoded into `out`, which has room for all of it: decoding
// never makes text longer. How many bytes it is.
std::size_t decode(std::string_view written, char* out) {
  std::string_view rest = written.substr(1, written.size() - 2);
  char* start = out;
  while (!rest.empty()) {
    if (rest.front() != '\\') {
      *out++ = rest.front();
      rest.remove_prefix(1);
      continue;
    }
    out += put_escape(rest, out);
    rest.remove_prefix(escape_length(rest));
  }
  return static_cast<std::size_t>(out - start);
}

bool is_text(std::string_view value) {
  return value.starts_with('"');
}

std::string decoded(std::string_view written) {
  std::string text(written.size(), '\0');
  text.resize(decode(written, text.data()));
  return text;
}

}  // namespace

std::optional<SecretJson> SecretJson::read(std::string_view text) {
  SecretJson json;
  Walker walker(text);
  walker.spaces();
  bool whole = walker.object([&](std::string_view name) {
    std::optional<std::string_view> value = walker.value(1);
    if (value) json.members_.push_back({name, *value});
    return value.has_value();
  });
  walker.spaces();
  if (!whole || !walker.at_end()) return std::nullopt;
  return json;
}

std::string_view SecretJson::raw(std::string_view name) const {
  auto found = std::ranges::find(members_, name, &Member::name);
  return found == members_.end() ? std::string_view() : found->value;
}

std::optional<bool> SecretJson::boolean(std::string_view name) const {
  std::string_view value = raw(name);
  if (value == "true") return true;
  if (value == "false") return false;
  return std::nullopt;
}

std::optional<std::int64_t> SecretJson::integer(std::string_view name) const {
  std::string_view value = raw(name);
  std::int64_t number = 0;
  auto [end, trouble] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || trouble != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

std::optional<std::string> SecretJson::text(std::string_view name, std::size_t limit) const {
  std::string_view value = raw(name);
  if (!is_text(value)) return std::nullopt;
  std::string result = decoded(value);
  if (result.size() > limit) return std::nullopt;
  return result;
}

std::optional<std::vector<std::string>> SecretJson::texts(std::string_view name, std::size_t limit) const {
  std::string_view value = raw(name);
  if (!value.starts_with('[')) return std::nullopt;
  std::vector<std::string> result;
  Walker walker(value);
  bool all_texts = walker.array([&] {
    std::optional<std::string_view> item = walker.value(0);
    if (!item || !is_text(*item) || result.size() == limit) return false;
    result.push_back(decoded(*item));
    return true;
  });
  if (!all_texts) return std::nullopt;
  return result;
}

std::optional<Secret> SecretJson::secret(std::string_view name, std::size_t limit) const {
  std::string_view value = raw(name);
  if (!is_text(value) || value.size() == 2) return std::nullopt;
  Secret result = Secret::of_size(value.size());
  std::size_t size = decode(value, reinterpret_cast<char*>(result.writable().data()));
  if (size > limit) return std::nullopt;
  result.shrink(size);
  return result;
}

}  // namespace hubward::hubspot
