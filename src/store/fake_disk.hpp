// SPDX-License-Identifier: Apache-2.0
// A disk that fails on demand, for tests: pass name() as OpenOptions::file_system. Works on real files below.
// Any thread; outlives the databases opened through it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace hubward::store {

class FakeDisk {
 public:
  enum class Trouble {
    Full,     // writes that would lengthen or change a file are refused as "disk full"
    IoError,  // writes fail
    NoFlush,  // writes work, flushing them fails
  };

  FakeDisk();
  ~FakeDisk();
  FakeDisk(const FakeDisk&) = delete;
  FakeDisk& operator=(const FakeDisk&) = delete;

  const std::string& name() const;
  // The next `good` operations of that kind (writes, or flushes) work, every later one fails until heal().
  void fail_after(std::int64_t good, Trouble trouble);
  void heal();
  std::uint64_t failures() const;  // operations refused so far

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace hubward::store
