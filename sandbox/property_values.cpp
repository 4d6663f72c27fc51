// SPDX-License-Identifier: Apache-2.0
#include "sandbox/property_values.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace hubward::sandbox {
namespace {

constexpr std::size_t max_value_bytes = 65'536;

struct Wrong {
  std::string name, code, message;
};
using Value = std::expected<std::optional<std::string>, Wrong>;

std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  auto number = to_number(text.substr(at, count));
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

bool is_decimal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  bool digits = false, point = false;
  for (char c : text) {
    if (is_digit(c))
      digits = true;
    else if (c == '.' && !point)
      point = true;
    else
      return false;
  }
  return digits;
}

bool is_email(std::string_view text) {
  std::size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || text.find('@', at + 1) != std::string_view::npos)
    return false;
  std::string_view host = text.substr(at + 1);
  return host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !text.contains(' ');
}

Value checked_time(const Property& property, std::string text) {
  auto time = parse_time(text);
  if (!time) return std::unexpected(Wrong{property.name, "INVALID_LONG", text + " was not a valid long."});
  if (property.type == "datetime") return to_iso8601(*time);
  if (std::chrono::floor<std::chrono::days>(*time) != *time)
    return std::unexpected(Wrong{property.name, "INVALID_DATE",
                                 fmt::format("{} is at a different time than midnight UTC.", text)});
  return to_iso8601(*time).substr(0, 10);
}

Value checked_option(const Property& property, std::string text) {
  if (property.options.empty()) return text;  // an owner, or values that come from elsewhere
  auto known = [&](std::string_view wanted) {
    return std::ranges::any_of(property.options, [&](const PropertyOption& o) { return o.value == wanted; });
  };
  bool several = property.field_type == "checkbox";
  for (std::string_view piece : several ? split(text, ';') : std::vector<std::string_view>{text}) {
    if (piece.empty() || known(piece)) continue;
    std::string allowed;
    for (const PropertyOption& option : property.options)
      allowed += (allowed.empty() ? "" : ", ") + option.value;
    return std::unexpected(Wrong{property.name, "INVALID_OPTION",
                                 fmt::format("{} was not one of the allowed options: [{}]", piece, allowed)});
  }
  return text;
}

Value checked(const Property& property, std::string text) {
  if (property.read_only)
    return std::unexpected(
        Wrong{property.name, "READ_ONLY_VALUE",
              fmt::format("\"{}\" is a read only property; its value cannot be set.", property.name)});
  if (text.empty()) return std::nullopt;
  if (text.size() > max_value_bytes)
    return std::unexpected(Wrong{property.name, "PROPERTY_VALUE_TOO_LONG", "The value is too long."});
  if (property.name == "email" && property.unique) {
    if (!is_email(text))
      return std::unexpected(Wrong{property.name, "INVALID_EMAIL", "Email address " + text + " is invalid"});
    return lower(text);
  }
  if (property.type == "number" && !is_decimal(text))
    return std::unexpected(Wrong{property.name, "INVALID_INTEGER", text + " was not a valid number."});
  if (property.type == "bool" && text != "true" && text != "false")
    return std::unexpected(
        Wrong{property.name, "INVALID_OPTION", text + " was not one of the allowed options: [true, false]"});
  if (property.type == "datetime" || property.type == "date") return checked_time(property, std::move(text));
  if (property.type == "enumeration") return checked_option(property, std::move(text));
  return text;
}

// HubSpot takes numbers and booleans where it keeps text.
std::optional<std::string> as_text(const Json& json) {
  if (json.is_null()) return "";
  if (auto text = json.text()) return std::string(*text);
  if (auto number = json.number_text()) return std::string(*number);
  if (auto boolean = json.boolean()) return *boolean ? "true" : "false";
  return std::nullopt;
}

Problem not_valid(const Account& account, const std::vector<Wrong>& wrongs) {
  Json inner = Json::array(), errors = Json::array();
  for (const Wrong& wrong : wrongs) {
    inner.push(Json::object({{"isValid", false},
                             {"message", wrong.message},
                             {"error", wrong.code},
                             {"name", wrong.name},
                             {"localizedErrorMessage", wrong.message},
                             {"portalId", account.hub_id}}));
    errors.push(
        Json::object({{"message", wrong.message},
                      {"code", wrong.code},
                      {"context", Json::object({{"propertyName", Json::array({Json(wrong.name)})}})}}));
  }
  Problem problem{400, "Property values were not valid: " + inner.dump(), "VALIDATION_ERROR"};
  problem.errors = std::move(errors);
  return problem;
}

}  // namespace

std::optional<TimePoint> parse_time(std::string_view text) {
  using namespace std::chrono;
  bool negative = text.starts_with('-');
  if (auto number = to_number(text.substr(negative ? 1 : 0)); number && *number < 1ULL << 60)
    return from_millis(negative ? -static_cast<std::int64_t>(*number) : static_cast<std::int64_t>(*number));
  auto y = digits_at(text, 0, 4), m = digits_at(text, 5, 2), d = digits_at(text, 8, 2);
  if (!y || !m || !d || text[4] != '-' || text[7] != '-') return std::nullopt;
  year_month_day date{year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  TimePoint midnight{sys_days(date)};
  if (text.size() == 10) return midnight;
  auto hour = digits_at(text, 11, 2), minute = digits_at(text, 14, 2), second = digits_at(text, 17, 2);
  bool shaped =
      text.size() >= 20 && text[10] == 'T' && text[13] == ':' && text[16] == ':' && text.ends_with('Z');
  if (!shaped || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59)
    return std::nullopt;
  std::string_view fraction = text.substr(19, text.size() - 20);
  milliseconds rest{0};
  if (!fraction.empty()) {
    std::string padded = std::string(fraction.substr(1)) + "000";
    auto millis = to_number(std::string_view(padded).substr(0, 3));
    if (fraction[0] != '.' || fraction.size() < 2 || !millis) return std::nullopt;
    rest = milliseconds(*millis);
  }
  return midnight + hours(*hour) + minutes(*minute) + seconds(*second) + rest;
}

std::optional<std::string> value_of(const ObjectType& type, const Record& record, std::string_view name) {
  if (name == "hs_object_id") return std::to_string(record.id);
  if (name == type.created_property) return to_iso8601(record.created);
  if (name == type.modified_property) return to_iso8601(record.updated);
  auto found = record.values.find(std::string(name));
  return found == record.values.end() ? std::nullopt : std::optional(found->second);
}

std::expected<Changes, Problem> checked_values(const Account& account, const ObjectType& type,
                                               const Json& properties) {
  if (!properties.is_object())
    return refuse(400, "Invalid input JSON on line 1, column 1: properties must be an object");
  Changes changes;
  std::vector<Wrong> wrongs;
  for (const auto& [name, json] : properties.members()) {
    const Property* property = type.property(name);
    if (property == nullptr || property->archived) {
      wrongs.push_back({name, "PROPERTY_DOESNT_EXIST", fmt::format("Property \"{}\" does not exist", name)});
      continue;
    }
    auto text = as_text(json);
    if (!text)
      return refuse(400,
                    fmt::format("Invalid input JSON on line 1, column 1: the value of {} is no text", name));
    Value value = checked(*property, *std::move(text));
    if (value) {
      changes[name] = *std::move(value);
    } else {
      wrongs.push_back(value.error());
    }
  }
  if (!wrongs.empty()) return std::unexpected(not_valid(account, wrongs));
  return changes;
}

}  // namespace hubward::sandbox
