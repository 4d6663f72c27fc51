// SPDX-License-Identifier: Apache-2.0
#include "cli/text.hpp"

#include <algorithm>

#include "core/ascii.hpp"

namespace hubward::cli {
namespace {

// Characters on the screen, taking each code point for one.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string without_control_bytes(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(result, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, '?');
  return result;
}

void pad(std::string& line, std::string_view text, std::size_t to) {
  line += text;
  line.append(to - std::min(to, width(text)), ' ');
}

}  // namespace

std::string shown(const Json& value) {
  if (auto text = value.text()) return without_control_bytes(*text);
  if (auto number = value.number_text()) return std::string(*number);
  if (auto boolean = value.boolean()) return *boolean ? "yes" : "no";
  std::string result;
  for (const Json& item : value.items()) result += (result.empty() ? "" : ", ") + shown(item);
  for (const auto& [name, member] : value.members())
    result += (result.empty() ? "" : ", ") + without_control_bytes(name) + " " + shown(member);
  return result;
}

std::string table(const Json& items, const std::vector<Column>& columns, std::string_view when_empty) {
  if (items.items().empty()) return std::string(when_empty) + "\n";
  std::vector<std::vector<std::string>> rows(1);
  for (const Column& column : columns) rows[0].emplace_back(column.heading);
  for (const Json& item : items.items()) {
    auto& row = rows.emplace_back();
    for (const Column& column : columns) row.push_back(shown(item[column.member]));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) pad(line, row[i], widths[i] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string facts(const Json& object, const std::vector<Column>& columns) {
  std::size_t widest = 0;
  for (const Column& column : columns) widest = std::max(widest, width(column.heading));
  std::string text;
  for (const Column& column : columns) {
    std::string value = shown(object[column.member]);
    if (value.empty()) continue;
    std::string line;
    pad(line, column.heading, widest + 2);
    text += line + value + "\n";
  }
  return text;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (char c : text) {
    if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      result += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      result += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return result;
}

}  // namespace hubward::cli
