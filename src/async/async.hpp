// SPDX-License-Identifier: Apache-2.0
// Async<T>: a coroutine that runs on one event loop and reads from top to bottom. This header only declares
// it, for headers; a source that has a coroutine in it includes async/await.hpp.
//
// Rules (docs/traps.md): parameters into coroutines by value, or references to what provably outlives the
// call; name it, then await it; nothing borrowed and nothing locked across a suspension. An Async starts when
// it is awaited or spawned; dropping it before that does nothing.
#pragma once

#include "core/result.hpp"

namespace boost::asio {
class any_io_executor;
template <typename T, typename Executor>
class awaitable;
}  // namespace boost::asio

namespace hubward {

template <class T>
using Async = boost::asio::awaitable<T, boost::asio::any_io_executor>;

}  // namespace hubward
