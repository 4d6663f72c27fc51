// SPDX-License-Identifier: Apache-2.0
#include "store/fake_disk.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

#include <atomic>

#include "core/invariant.hpp"

namespace hubward::store {

struct FakeDisk::State {
  sqlite3_vfs* below = nullptr;
  sqlite3_vfs vfs{};
  std::string name;
  std::atomic<Trouble> trouble{Trouble::IoError};
  std::atomic<std::int64_t> good{0};
  std::atomic<bool> failing{false};
  std::atomic<std::uint64_t> failures{0};

  // SQLITE_OK, or what a failing operation answers.
  int write_outcome() {
    if (!failing || trouble == Trouble::NoFlush || good.fetch_sub(1) > 0) return SQLITE_OK;
    ++failures;
    return trouble == Trouble::Full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  int flush_outcome() {
    if (!failing || trouble != Trouble::NoFlush || good.fetch_sub(1) > 0) return SQLITE_OK;
    ++failures;
    return SQLITE_IOERR_FSYNC;
  }
};

namespace {

// SQLite allocates this much for every file; the file of the system's VFS follows it.
struct FakeFile {
  sqlite3_file base;
  FakeDisk::State* disk;
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FakeFile& file_of(sqlite3_file* file) {
  return *reinterpret_cast<FakeFile*>(file);
}

// Hands a method on to the file below.
template <auto Method>
struct HandOn;
template <class... Args, int (*sqlite3_io_methods::*Method)(sqlite3_file*, Args...)>
struct HandOn<Method> {
  static int call(sqlite3_file* file, Args... args) {
    sqlite3_file* below = file_of(file).below();
    return (below->pMethods->*Method)(below, args...);
  }
};

int close_file(sqlite3_file* file) {
  sqlite3_file* below = file_of(file).below();
  return below->pMethods ? below->pMethods->xClose(below) : SQLITE_OK;
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  int outcome = file_of(file).disk->write_outcome();
  if (outcome != SQLITE_OK) return outcome;
  sqlite3_file* below = file_of(file).below();
  return below->pMethods->xWrite(below, bytes, size, offset);
}

int flush_file_below(sqlite3_file* file, int flags) {
  int outcome = file_of(file).disk->flush_outcome();
  if (outcome != SQLITE_OK) return outcome;
  sqlite3_file* below = file_of(file).below();
  return below->pMethods->xSync(below, flags);
}

void barrier(sqlite3_file* file) {
  sqlite3_file* below = file_of(file).below();
  below->pMethods->xShmBarrier(below);
}

using Methods = sqlite3_io_methods;
constexpr Methods methods = {
    .iVersion = 2,  // without memory mapping, so that every write passes here
    .xClose = close_file,
    .xRead = HandOn<&Methods::xRead>::call,
    .xWrite = write_file,
    .xTruncate = HandOn<&Methods::xTruncate>::call,
    .xSync = flush_file_below,
    .xFileSize = HandOn<&Methods::xFileSize>::call,
    .xLock = HandOn<&Methods::xLock>::call,
    .xUnlock = HandOn<&Methods::xUnlock>::call,
    .xCheckReservedLock = HandOn<&Methods::xCheckReservedLock>::call,
    .xFileControl = HandOn<&Methods::xFileControl>::call,
    .xSectorSize = HandOn<&Methods::xSectorSize>::call,
    .xDeviceCharacteristics = HandOn<&Methods::xDeviceCharacteristics>::call,
    .xShmMap = HandOn<&Methods::xShmMap>::call,
    .xShmLock = HandOn<&Methods::xShmLock>::call,
    .xShmBarrier = barrier,
    .xShmUnmap = HandOn<&Methods::xShmUnmap>::call,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* disk = static_cast<FakeDisk::State*>(vfs->pAppData);
  FakeFile& opened = file_of(file);
  opened.disk = disk;
  opened.base.pMethods = nullptr;
  int code = disk->below->xOpen(disk->below, path, opened.below(), flags, out_flags);
  if (code == SQLITE_OK) opened.base.pMethods = &methods;
  return code;
}

}  // namespace

FakeDisk::FakeDisk() : state_(std::make_unique<State>()) {
  static std::atomic<int> number{0};  // names of SQLite's file systems are global to the process
  state_->name = fmt::format("fake-disk-{}", ++number);
  state_->below = sqlite3_vfs_find(nullptr);
  invariant(state_->below != nullptr, "SQLite has a file system");
  // Everything but opening a file is the system's own; those functions look only at pAppData of the VFS that
  // they are given for opening, which ours hands on.
  state_->vfs = *state_->below;
  state_->vfs.zName = state_->name.c_str();
  state_->vfs.pAppData = state_.get();
  state_->vfs.szOsFile = static_cast<int>(sizeof(FakeFile)) + state_->below->szOsFile;
  state_->vfs.pNext = nullptr;
  state_->vfs.xOpen = open_file;
  int registered = sqlite3_vfs_register(&state_->vfs, 0);
  invariant(registered == SQLITE_OK, "a file system can be registered");
}

FakeDisk::~FakeDisk() {
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FakeDisk::name() const {
  return state_->name;
}

void FakeDisk::fail_after(std::int64_t good, Trouble trouble) {
  state_->trouble = trouble;
  state_->good = good;
  state_->failing = true;
}

void FakeDisk::heal() {
  state_->failing = false;
}

std::uint64_t FakeDisk::failures() const {
  return state_->failures;
}

}  // namespace hubward::store
