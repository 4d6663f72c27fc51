// SPDX-License-Identifier: Apache-2.0
// The head of an origin's answer, and the interim answers (1xx) before it, which are swallowed; also while
// the request is still being written, when only an answer that is meant to be the last may end the writing.
// Belongs to one exchange; for http/ only.
#pragma once

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "core/result.hpp"
#include "http/client.hpp"
#include "http/head_parser.hpp"
#include "http/intake.hpp"

namespace hubward::http {

class AnswerHead {
 public:
  // Both outlive this.
  AnswerHead(Intake& intake, const HeadLimits& limits) : intake_(intake), limits_(limits) {}

  // Whether something has begun to arrive that is no interim answer, good or bad. Waits for nothing.
  bool has_begun();
  // The errors say what was wrong, or that time was over.
  Async<Result<ResponseHead>> read(Origin origin, Deadline deadline);
  // Whether the connection ended before a byte of an answer.
  bool nothing_came() const { return nothing_came_; }

 private:
  Intake& intake_;
  const HeadLimits& limits_;
  HeadScan scan_;  // of the interim answer that is arriving
  int interim_ = 0;
  bool nothing_came_ = false;
};

// What a connection that ended in this state means for the caller.
Error words_for(Stream::State state, const Origin& origin, const Stream& stream);
// " (…)": why TLS ended, where it did; a certificate of ours that is not taken is told so.
std::string tls_words(const Stream& stream);

}  // namespace hubward::http
