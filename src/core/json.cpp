// SPDX-License-Identifier: Apache-2.0
#include "core/json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <charconv>

#include "core/invariant.hpp"

namespace hubward {
namespace {

namespace bj = boost::json;

// What boost::json::basic_parser calls while it reads. Numbers are taken as the text they came as.
struct Builder {
  static constexpr std::size_t max_object_size = 1'000'000;
  static constexpr std::size_t max_array_size = 1'000'000;
  static constexpr std::size_t max_key_size = 1 << 20;
  static constexpr std::size_t max_string_size = 1 << 26;
  static constexpr std::size_t usual_members = 8;  // room for these at once
  using Trouble = bj::error_code;

  std::vector<Json> open;          // the containers that are being filled, outermost first
  std::vector<std::string> names;  // the member name each open object waits to fill
  std::string pending;             // the parts of a key, string or number so far
  Json root;
  bool duplicate = false;

  bool place(Json value) {
    if (open.empty()) {
      root = std::move(value);
    } else if (open.back().is_array()) {
      open.back().items().push_back(std::move(value));
    } else {
      open.back().members().emplace_back(std::move(names.back()), std::move(value));
      names.pop_back();
    }
    return true;
  }
  bool close() {
    Json value = std::move(open.back());
    open.pop_back();
    if (value.is_object() && has_duplicate(value.members())) {
      duplicate = true;
      return false;
    }
    return place(std::move(value));
  }
  static bool has_duplicate(const Json::Members& members) {
    // Most objects are small, and looking at each pair of names takes no memory.
    constexpr std::size_t few = 16;
    if (members.size() <= few) {
      for (std::size_t i = 1; i < members.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
          if (members[i].first == members[j].first) return true;
      return false;
    }
    std::vector<std::string_view> seen;
    seen.reserve(members.size());
    for (const auto& [name, value] : members) seen.push_back(name);
    std::ranges::sort(seen);
    return std::ranges::adjacent_find(seen) != seen.end();
  }
  std::string take(std::string_view last) {
    std::string text = std::move(pending);
    pending.clear();
    return text.append(last);
  }

  bool on_document_begin(Trouble&) { return true; }
  bool on_document_end(Trouble&) { return true; }
  bool on_object_begin(Trouble&) {
    open.push_back(Json::object());
    open.back().members().reserve(usual_members);
    return true;
  }
  bool on_object_end(std::size_t, Trouble& trouble) { return close() || refuse(trouble); }
  bool on_array_begin(Trouble&) {
    open.push_back(Json::array());
    return true;
  }
  bool on_array_end(std::size_t, Trouble& trouble) { return close() || refuse(trouble); }
  bool on_key_part(bj::string_view part, std::size_t, Trouble&) {
    pending.append(part);
    return true;
  }
  bool on_key(bj::string_view last, std::size_t, Trouble&) {
    names.push_back(take(last));
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, Trouble&) {
    pending.append(part);
    return true;
  }
  bool on_string(bj::string_view last, std::size_t, Trouble&) { return place(Json(take(last))); }
  bool on_number_part(bj::string_view part, Trouble&) {
    pending.append(part);
    return true;
  }
  bool on_int64(std::int64_t, bj::string_view last, Trouble&) { return place(Json::number(take(last))); }
  bool on_uint64(std::uint64_t, bj::string_view last, Trouble&) { return place(Json::number(take(last))); }
  bool on_double(double, bj::string_view last, Trouble&) { return place(Json::number(take(last))); }
  bool on_bool(bool value, Trouble&) { return place(Json(value)); }
  bool on_null(Trouble&) { return place(Json()); }
  bool on_comment_part(bj::string_view, Trouble&) { return true; }
  bool on_comment(bj::string_view, Trouble&) { return true; }

  static bool refuse(Trouble& trouble) {
    trouble = bj::make_error_code(bj::error::syntax);
    return false;
  }
};

void quote(std::string_view text, std::string& out) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void write(const Json& json, std::string& out) {
  if (auto text = json.text()) {
    quote(*text, out);
  } else if (auto number = json.number_text()) {
    out += *number;
  } else if (auto boolean = json.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (json.is_array()) {
    out += '[';
    for (std::string_view comma; const Json& item : json.items()) {
      out += std::exchange(comma, ",");
      write(item, out);
    }
    out += ']';
  } else if (json.is_object()) {
    out += '{';
    for (std::string_view comma; const auto& [name, value] : json.members()) {
      out += std::exchange(comma, ",");
      quote(name, out);
      out += ':';
      write(value, out);
    }
    out += '}';
  } else {
    out += "null";
  }
}

std::string place_in(std::string_view text, std::size_t offset) {
  std::string_view before = text.substr(0, offset);
  auto line = 1 + std::ranges::count(before, '\n');
  std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", line, offset - line_start + 1);
}

const Json null_value;
const Json::Items no_items;
const Json::Members no_members;

}  // namespace

Json Json::array(std::initializer_list<Json> items) {
  return array(Items(items));
}

Json Json::array(Items items) {
  Json json;
  json.value_ = std::move(items);
  return json;
}

Json Json::object(std::initializer_list<Member> members) {
  Json json;
  json.value_ = Members(members);
  return json;
}

Json Json::number(std::string text) {
  Json json;
  json.value_ = Number{std::move(text)};
  return json;
}

Result<Json> Json::parse(std::string_view text) {
  bj::parse_options options;
  options.max_depth = max_depth;
  bj::basic_parser<Builder> parser(options);
  bj::error_code trouble;
  std::size_t read = parser.write_some(false, text.data(), text.size(), trouble);
  if (!trouble && read < text.size()) trouble = bj::make_error_code(bj::error::extra_data);
  if (parser.handler().duplicate) {
    return invalid(
        "INVALID_JSON",
        "the JSON has an object with two members of the same name, which ends at " + place_in(text, read));
  }
  if (trouble)
    return invalid("INVALID_JSON", "invalid JSON at " + place_in(text, read) + ": " + trouble.message());
  return std::move(parser.handler().root);
}

std::string Json::dump() const {
  std::string out;
  write(*this, out);
  return out;
}

std::optional<bool> Json::boolean() const {
  if (const bool* boolean = std::get_if<bool>(&value_)) return *boolean;
  return std::nullopt;
}

std::optional<std::int64_t> Json::integer() const {
  const Number* number = std::get_if<Number>(&value_);
  if (number == nullptr) return std::nullopt;
  std::int64_t integer = 0;
  const char* end = number->text.data() + number->text.size();
  auto [stop, trouble] = std::from_chars(number->text.data(), end, integer);
  if (trouble != std::errc() || stop != end) return std::nullopt;
  return integer;
}

std::optional<std::string_view> Json::text() const {
  if (const std::string* text = std::get_if<std::string>(&value_)) return *text;
  return std::nullopt;
}

std::optional<std::string_view> Json::number_text() const {
  if (const Number* number = std::get_if<Number>(&value_)) return number->text;
  return std::nullopt;
}

const Json::Items& Json::items() const {
  const Items* items = std::get_if<Items>(&value_);
  return items != nullptr ? *items : no_items;
}

const Json::Members& Json::members() const {
  const Members* members = std::get_if<Members>(&value_);
  return members != nullptr ? *members : no_members;
}

const Json* Json::find(std::string_view name) const {
  for (const auto& [key, value] : members())
    if (key == name) return &value;
  return nullptr;
}

const Json& Json::operator[](std::string_view name) const {
  const Json* found = find(name);
  return found != nullptr ? *found : null_value;
}

Json::Items& Json::items() {
  if (is_null()) value_ = Items();
  invariant(is_array(), "only an array has items to write");
  return std::get<Items>(value_);
}

Json::Members& Json::members() {
  if (is_null()) value_ = Members();
  invariant(is_object(), "only an object has members to write");
  return std::get<Members>(value_);
}

Json& Json::operator[](std::string_view name) {
  for (auto& [key, value] : members())
    if (key == name) return value;
  return members().emplace_back(std::string(name), Json()).second;
}

Json& Json::set(std::string_view name, Json value) {
  (*this)[name] = std::move(value);
  return *this;
}

bool Json::remove(std::string_view name) {
  return is_object() &&
         std::erase_if(members(), [&](const Member& member) { return member.first == name; }) > 0;
}

Json& Json::push(Json item) {
  return items().emplace_back(std::move(item));
}

std::string json_quoted(std::string_view text) {
  std::string out;
  quote(text, out);
  return out;
}

}  // namespace hubward
