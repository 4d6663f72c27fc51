// SPDX-License-Identifier: Apache-2.0
// Finds the member name `"paging"` in a JSON text that comes in pieces, at the speed of the memory. No state
// of the text around it is needed: those eight bytes, not after a backslash and with a colon behind them
// (which the caller checks), are always a member's name, since a quote inside a text is escaped. A value for
// one text; one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace hubward::hubspot {

class PagingSearch {
 public:
  // The place behind the first name that ends in `piece` after `at`. Nothing: the piece has been searched to
  // its end, and the next call takes the next one from its first byte.
  std::optional<std::size_t> find(std::string_view piece, std::size_t at);

 private:
  std::size_t begun_ = 0;         // bytes of the name that the last piece ended with
  bool after_backslash_ = false;  // the last piece ended with one
};

}  // namespace hubward::hubspot
