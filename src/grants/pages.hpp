// SPDX-License-Identifier: Apache-2.0
// What a person sees in the browser while connecting an account: one page, a title, a few sentences, what to
// do next. Everything is escaped; nothing is loaded, framed, cached or told to the next site. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace hubward::grants {

struct Page {
  int status = 200;
  std::string title;
  std::vector<std::string> sentences;
  std::string next_step;        // may be empty
  std::string confirm_at = {};  // a button that posts to this path of ours; empty: none
};
http::Response to_response(const Page& page);

// 302, likewise neither cached nor with a referrer.
http::Response redirect_to(std::string_view address);

std::string html_escaped(std::string_view text);

}  // namespace hubward::grants
