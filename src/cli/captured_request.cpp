// SPDX-License-Identifier: Apache-2.0
#include "cli/captured_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/ascii.hpp"
#include "http/chunked_decoder.hpp"

namespace hubward::cli {
namespace {

std::unexpected<Error> not_a_request(std::string why) {
  return invalid("CAPTURE_INVALID", "the file is no request as it came over the wire: " + std::move(why));
}

// Takes a line off the front, without its end; nothing when none ends any more.
std::optional<std::string_view> take_line(std::string_view& text) {
  std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void cut_to_length(CapturedRequest& request, std::string_view written) {
  std::optional<std::uint64_t> length = to_number(written);
  std::size_t have = request.body.size();
  if (!length || *length == have) return;
  if (*length > have) {
    request.notes.push_back(
        fmt::format("Content-Length says {} bytes and the file has {}: the end is missing", *length, have));
    return;
  }
  request.body.resize(*length);
  request.notes.push_back(
      fmt::format("Content-Length says {} bytes: the {} after them were left out", *length, have - *length));
}

void take_chunks_off(CapturedRequest& request) {
  http::ChunkedDecoder decoder;
  std::string_view rest = request.body;
  std::string body;
  while (!rest.empty() && !decoder.done()) {
    auto step = decoder.decode(rest);
    if (!step || (step->consumed == 0 && step->data.empty())) break;
    body += step->data;
    rest.remove_prefix(step->consumed);
  }
  if (decoder.done()) {
    request.body = std::move(body);
  } else {
    request.notes.emplace_back(
        "Transfer-Encoding says chunked and the body has no such framing: it is taken as it is");
  }
}

}  // namespace

std::string_view CapturedRequest::field(std::string_view name) const {
  auto found =
      std::ranges::find_if(fields, [&](const auto& one) { return same_ignoring_case(one.first, name); });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<std::pair<std::string, std::string>> read_field(std::string_view line) {
  std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return std::nullopt;
  std::string_view name = line.substr(0, colon);
  if (name != trimmed(name)) return std::nullopt;
  return std::pair{std::string(name), std::string(trimmed(line.substr(colon + 1)))};
}

Result<CapturedRequest> read_captured(std::string_view text) {
  CapturedRequest request;
  auto first = take_line(text);
  auto words = split(first.value_or(""), ' ');
  if (words.size() < 2 || words.size() > 3 || words[0].empty() || !std::ranges::all_of(words[0], is_alpha) ||
      words[1].empty())
    return not_a_request("the first line is not like \"POST /hooks/crm HTTP/1.1\"");
  request.method = words[0];
  request.target = words[1];
  for (int number = 2;; ++number) {
    auto line = take_line(text);
    if (!line) return not_a_request("no empty line ends its fields");
    if (line->empty()) break;
    auto field = read_field(*line);
    if (!field) return not_a_request(fmt::format("line {} is not like \"Name: value\"", number));
    request.fields.push_back(std::move(*field));
  }
  request.body = text;
  if (same_ignoring_case(request.field("Transfer-Encoding"), "chunked")) {
    take_chunks_off(request);
  } else {
    cut_to_length(request, request.field("Content-Length"));
  }
  return request;
}

}  // namespace hubward::cli
