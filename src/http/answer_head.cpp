// SPDX-License-Identifier: Apache-2.0
#include "http/answer_head.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace hubward::http {

namespace {

// An origin that sends more interim answers than this is not going to answer.
constexpr int most_interim_answers = 8;
constexpr std::size_t first_digit = std::string_view("HTTP/1.1 ").size();

std::unexpected<Error> upstream(std::string code, const Origin& origin, std::string_view what) {
  return failure(std::move(code), Fault::Network, Retry::Later, to_string(origin) + " " + std::string(what));
}

bool may_be_interim(std::string_view begin) {
  return begin.size() <= first_digit || begin[first_digit] == '1';
}

}  // namespace

std::string tls_words(const Stream& stream) {
  return stream.trouble().empty() ? "" : " (" + stream.trouble() + ")";
}

Error words_for(Stream::State state, const Origin& origin, const Stream& stream) {
  if (state == Stream::State::TimedOut)
    return upstream("UPSTREAM_TIMEOUT", origin, "did not answer in time").error();
  if (state == Stream::State::Closed)
    return upstream("UPSTREAM_ANSWER", origin, "closed the connection before its answer was complete")
        .error();
  return upstream("UPSTREAM_ANSWER", origin,
                  "broke the connection off before its answer was complete" + tls_words(stream))
      .error();
}

bool AnswerHead::has_begun() {
  for (;;) {
    if (!may_be_interim(intake_.unread())) return true;
    std::expected<bool, Refusal> whole = intake_.has_head(scan_, limits_);
    if (!whole) return true;
    if (*whole) {
      std::expected<ResponseHead, Refusal> head = read_response_head(intake_.head(), limits_);
      bool swallowed = head && head->status < 200 && interim_ < most_interim_answers;
      if (!swallowed) return true;  // read() looks at it again
      intake_.drop_head();
      scan_ = HeadScan();
      ++interim_;
    } else if (!intake_.fill_at_once(std::max(limits_.bytes, Intake::usual_size))) {
      return false;
    }
  }
}

Async<Result<ResponseHead>> AnswerHead::read(Origin origin, Deadline deadline) {
  for (; interim_ <= most_interim_answers; ++interim_) {
    Intake::Head arrived = co_await intake_.read_head(limits_, deadline);
    if (arrived.refusal) co_return upstream("UPSTREAM_ANSWER", origin, arrived.refusal->message);
    if (arrived.state != Stream::State::Ok) {
      bool ended = arrived.state == Stream::State::Closed || arrived.state == Stream::State::Broken;
      nothing_came_ = ended && interim_ == 0 && intake_.empty();
      co_return std::unexpected(words_for(arrived.state, origin, intake_.stream()));
    }
    std::expected<ResponseHead, Refusal> head = read_response_head(arrived.text, limits_);
    intake_.drop_head();
    if (!head) co_return upstream("UPSTREAM_ANSWER", origin, head.error().message);
    if (head->status >= 200) co_return std::move(*head);
  }
  co_return upstream("UPSTREAM_ANSWER", origin, "sent interim answers without end");
}

}  // namespace hubward::http
