// SPDX-License-Identifier: Apache-2.0
// What a Loop is made of. For sources of async/ and http/ only; heavy.
#pragma once

#include <boost/asio/io_context.hpp>

#include "async/loop.hpp"

namespace hubward {

struct Loop::Engine {
  // One thread runs it; others may post to it.
  boost::asio::io_context context{1};
};

}  // namespace hubward
