// SPDX-License-Identifier: Apache-2.0
#include "bench/answer_reader.hpp"

#include <algorithm>
#include <charconv>

#include "core/ascii.hpp"

namespace hubward::bench {
namespace {

constexpr std::size_t longest_head = 64UL * 1024, longest_line = 1024;

bool read_number(std::string_view text, std::uint64_t& number, int base) {
  auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return trouble == std::errc() && end == text.data() + text.size();
}

}  // namespace

AnswerReader::State AnswerReader::feed(std::string_view bytes) {
  begun_ = begun_ || !bytes.empty();
  while (state_ == State::Reading && !bytes.empty()) {
    std::size_t taken = 0;
    switch (part_) {
      case Part::Head: taken = take_head(bytes); break;
      case Part::Length:
      case Part::Chunk: taken = take_body(bytes); break;
      case Part::ChunkSize:
      case Part::ChunkEnd:
      case Part::Trailer: taken = take_line(bytes); break;
    }
    bytes.remove_prefix(taken);
  }
  if (!bytes.empty()) state_ = State::Broken;  // nothing was asked for that could follow
  return state_;
}

std::size_t AnswerReader::take_head(std::string_view bytes) {
  constexpr std::string_view end_mark = "\r\n\r\n";
  std::size_t before = kept_.size();
  kept_ += bytes;
  std::size_t end = kept_.find(end_mark, before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    if (kept_.size() > longest_head) state_ = State::Broken;
    return bytes.size();
  }
  kept_.resize(end + 2);
  read_head();
  kept_.clear();
  return end + end_mark.size() - before;
}

void AnswerReader::read_head() {
  constexpr std::string_view version = "HTTP/1.1 ";
  std::string_view head = kept_;
  std::uint64_t status = 0;
  bool readable = head.starts_with(version) && read_number(head.substr(version.size(), 3), status, 10);
  bool has_length = false, chunked = false;
  for (std::size_t at = head.find("\r\n") + 2; readable && at < head.size();) {
    std::size_t end = head.find("\r\n", at), colon = head.find(':', at);
    if (colon > end) {
      readable = false;
      break;
    }
    std::string_view name = head.substr(at, colon - at),
                     value = trimmed(head.substr(colon + 1, end - colon - 1));
    if (same_ignoring_case(name, "content-length")) has_length = readable = read_number(value, left_, 10);
    if (same_ignoring_case(name, "transfer-encoding")) chunked = same_ignoring_case(value, "chunked");
    if (same_ignoring_case(name, "connection") && same_ignoring_case(value, "close")) closes_ = true;
    at = end + 2;
  }
  status_ = static_cast<int>(status);
  if (!readable || (status_ != 204 && has_length == chunked)) {
    state_ = State::Broken;
  } else if (chunked) {
    part_ = Part::ChunkSize;
  } else {
    part_ = Part::Length;
    if (left_ == 0) state_ = State::Whole;
  }
}

std::size_t AnswerReader::take_body(std::string_view bytes) {
  std::size_t taken = std::min<std::uint64_t>(left_, bytes.size());
  left_ -= taken;
  body_bytes_ += taken;
  if (left_ > 0) return taken;
  if (part_ == Part::Length) state_ = State::Whole;
  part_ = Part::ChunkEnd;
  return taken;
}

std::size_t AnswerReader::take_line(std::string_view bytes) {
  std::size_t end = bytes.find('\n');
  std::size_t taken = end == std::string_view::npos ? bytes.size() : end + 1;
  kept_ += bytes.substr(0, taken);
  if (kept_.size() > longest_line) state_ = State::Broken;
  if (end == std::string_view::npos) return taken;
  if (kept_.ends_with("\r\n")) {
    kept_.resize(kept_.size() - 2);
    read_line();
  } else {
    state_ = State::Broken;
  }
  kept_.clear();
  return taken;
}

void AnswerReader::read_line() {
  std::string_view line = kept_;
  if (part_ == Part::Trailer) {
    if (line.empty()) state_ = State::Whole;
  } else if (part_ == Part::ChunkEnd) {
    if (!line.empty()) state_ = State::Broken;
    part_ = Part::ChunkSize;
  } else if (read_number(line.substr(0, line.find(';')), left_, 16)) {
    part_ = left_ == 0 ? Part::Trailer : Part::Chunk;
  } else {
    state_ = State::Broken;
  }
}

}  // namespace hubward::bench
