// SPDX-License-Identifier: Apache-2.0
// A value, or the reason there is none. For outcomes a caller must expect: refused input, trouble with
// HubSpot, the network or the store. Bugs and a broken machine throw or abort instead (core/invariant.hpp).
// Values; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace hubward {

// Whose fault a failure is; decides who is told and which status a caller sees.
enum class Fault { Caller, HubSpot, Network, Store, Us };

// Whether the same thing, tried again unchanged, can help.
enum class Retry { Never, Later };

struct Error {
  // Stable, upper case, for machines: the category is "HUBWARD_" + code ("JOURNAL_UNAVAILABLE").
  std::string code;
  Fault fault = Fault::Us;
  Retry retry = Retry::Never;
  // One sentence for a person: what is wrong, where, and what to do. Never holds a secret or a payload.
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(std::string code, Fault fault, Retry retry, std::string message) {
  return std::unexpected(Error{std::move(code), fault, retry, std::move(message)});
}

inline std::unexpected<Error> invalid(std::string code, std::string message) {
  return failure(std::move(code), Fault::Caller, Retry::Never, std::move(message));
}

// Hands an error on with a word in front of its sentence: who was doing what when it happened.
inline std::unexpected<Error> while_doing(std::string_view what, Error error) {
  error.message = std::string(what) + ": " + error.message;
  return std::unexpected(std::move(error));
}

}  // namespace hubward
