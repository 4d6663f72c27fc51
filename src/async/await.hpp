// SPDX-License-Identifier: Apache-2.0
// What a source needs to write coroutines. Heavier than async.hpp; for .cpp files.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "async/async.hpp"
