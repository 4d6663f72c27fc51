// SPDX-License-Identifier: Apache-2.0
#include "sandbox/message.hpp"

#include <fmt/core.h>

#include "core/encoding.hpp"

namespace hubward::sandbox {

std::string percent_decoded(std::string_view text, Plus plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      if (auto byte = from_hex(text.substr(i + 1, 2)); byte && byte->size() == 1) {
        out += static_cast<char>(byte->front());
        i += 2;
        continue;
      }
    }
    out += text[i] == '+' && plus == Plus::IsSpace ? ' ' : text[i];
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::vector<std::string> path_segments(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  for (std::string_view piece : split(path, '/')) segments.push_back(percent_decoded(piece, Plus::IsPlus));
  return segments;
}

Form Form::parse(std::string_view text) {
  Form form;
  if (text.empty()) return form;
  for (std::string_view piece : split(text, '&')) {
    if (piece.empty()) continue;
    if (form.pairs_.size() == max_pairs) break;
    std::size_t equals = piece.find('=');
    std::string_view value = equals == std::string_view::npos ? "" : piece.substr(equals + 1);
    form.pairs_.emplace_back(percent_decoded(piece.substr(0, equals), Plus::IsSpace),
                             percent_decoded(value, Plus::IsSpace));
  }
  return form;
}

std::optional<std::string> Form::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_)
    if (key == name) return value;
  return std::nullopt;
}

std::string Form::first(std::string_view name) const {
  return find(name).value_or("");
}

std::vector<std::string> Form::list(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : pairs_) {
    if (key != name) continue;
    for (std::string_view piece : split(value, ','))
      if (!trimmed(piece).empty()) values.emplace_back(trimmed(piece));
  }
  return values;
}

}  // namespace hubward::sandbox
