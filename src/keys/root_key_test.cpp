// SPDX-License-Identifier: Apache-2.0
#include "keys/root_key.hpp"

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/encoding.hpp"
#include "core/locked_memory.hpp"
#include "crypto/aead.hpp"
#include "crypto/fake_random.hpp"
#include "keys/core_dumps.hpp"
#include "keys/local_key_provider.hpp"
#include "keys/temporary_folder.hpp"

using namespace hubward;
using namespace hubward::keys;

namespace {

std::string some_key(std::uint64_t seed) {
  crypto::SeededRandom random(seed);
  return std::string(crypto::random_secret(random, 32).reveal_text());
}

Result<RootKey> root_key(std::string_view content) {
  return RootKey::from(Secret(content), "file:test");
}

std::unique_ptr<KeyProvider> provider(std::uint64_t seed, crypto::Random& random) {
  return std::make_unique<LocalKeyProvider>(std::move(root_key(some_key(seed)).value()), random);
}

}  // namespace

TEST_CASE("a root key may be raw, hexadecimal or base64, with or without a line end") {
  std::string raw = some_key(1);
  RootKeyId id = root_key(raw)->id();
  CHECK(id.text.size() == 16);
  std::string hex = to_hex(bytes_of(raw));
  for (std::string content : {raw, raw + "\n", raw + "\r\n", hex, hex + "\n", hex + "\r\n",
                              to_base64(bytes_of(raw)), to_base64(bytes_of(raw)) + "\n"})
    CHECK_MESSAGE(root_key(content)->id() == id, content.size());
  for (char& c : hex) c = static_cast<char>(std::toupper(c));
  CHECK(root_key(hex)->id() == id);
}

TEST_CASE("a raw root key may end with the byte of a line end") {
  std::string raw = some_key(1);
  raw.back() = '\n';
  REQUIRE(root_key(raw));
  CHECK(root_key(raw)->id() == root_key(to_hex(bytes_of(raw)))->id());
}

TEST_CASE("the id says nothing about the key and is the same everywhere") {
  // HMAC-SHA256 of "hubward root key 1: id" under the bytes 00 01 … 1f, first eight bytes, made with Python.
  std::string counting;
  for (int i = 0; i < 32; ++i) counting.push_back(static_cast<char>(i));
  CHECK(root_key(counting)->id().text == "d7e1dc8d30227f6a");
  CHECK(to_hex(root_key(counting)->wrapping_key().reveal()) ==
        "82fb490f0b048bee282ff8cbc225483b2d753569d17523dda8df70789fc552ed");
}

TEST_CASE("what nobody drew at random is no root key, and the sentence says how to make one") {
  const std::string raw = some_key(1);
  const std::string hex = to_hex(bytes_of(raw));
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "is neither"},
      {raw.substr(1), "is neither"},
      {raw + "x", "is neither"},
      {raw + "\n\n", "is neither"},
      {hex.substr(2), "is neither"},
      {hex + "00", "is neither"},
      {"g" + hex.substr(1), "is neither"},
      {" " + hex, "is neither"},
      {to_base64(bytes_of(raw + "x")), "is neither"},
      {hex.substr(0, 32), "is text"},                   // openssl rand -hex 16
      {"correct horse battery staple 123", "is text"},  // 32 characters
      {to_hex(bytes_of("correct horse battery staple 123")), "is text"},
      {std::string(32, '\0'), "repeats"},
      {std::string(64, '0'), "repeats"},
      {"0123456701234567012345670123456701234567012345670123456701234567", "repeats"},
  };
  for (const auto& [content, why] : cases) {
    CAPTURE(to_hex(bytes_of(content)));
    Result<RootKey> key = root_key(content);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == "ROOT_KEY_MALFORMED");
    CHECK(key.error().message.find(why) != std::string::npos);
    CHECK(key.error().message.find("openssl rand -hex 32") != std::string::npos);
    CHECK(key.error().message.find("file:test") != std::string::npos);
  }
}

TEST_CASE("a root key is read from where it is named") {
  TemporaryFolder folder;
  std::string path = folder.write("root.key", to_hex(bytes_of(some_key(5))) + "\n", 0600);
  CHECK(read_root_key({SecretSource::Kind::File, path})->id() == root_key(some_key(5))->id());
  Result<RootKey> missing = read_root_key({SecretSource::Kind::File, folder.path() + "/none"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.starts_with("the root key: file:" + folder.path()));
}

TEST_CASE("a wrapped key opens only with its binding and under its root key") {
  Loop loop;
  loop.run_task([]() -> Async<void> {
    crypto::SystemRandom random;
    auto mine = provider(1, random), other = provider(2, random);
    Secret key = crypto::random_secret(random, 32);
    const KeyBinding binding{"key-1", "connection", "acme"};
    Result<Bytes> wrapped = co_await mine->wrap(key.clone(), binding);
    REQUIRE(wrapped);
    Result<Secret> opened = co_await mine->unwrap(*wrapped, binding);
    REQUIRE(opened);
    CHECK(opened->same_as(key));

    const KeyBinding wrong_bindings[] = {
        {"key-2", "connection", "acme"}, {"key-1", "pepper", "acme"}, {"key-1", "connection", "acm"}};
    for (const KeyBinding& wrong : wrong_bindings) {
      Result<Secret> refused = co_await mine->unwrap(*wrapped, wrong);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == "WRAPPED_KEY_REFUSED");
    }
    Result<Secret> elsewhere = co_await other->unwrap(*wrapped, binding);
    REQUIRE_FALSE(elsewhere);
    CHECK(elsewhere.error().message.find(other->id().text) != std::string::npos);
    for (std::size_t at = 0; at < wrapped->size(); ++at) {
      Bytes changed = *wrapped;
      changed[at] ^= std::byte{1};
      Result<Secret> refused = co_await mine->unwrap(changed, binding);
      CHECK_FALSE(refused);
    }
  }());
}

TEST_CASE("core files are forbidden, and the process cannot be traced by its user") {
  // In a child, since it cannot be taken back.
  pid_t child = ::fork();
  if (child == 0) {
    rlimit limit{1, 1};
    bool forbidden = forbid_core_dumps().has_value() && ::getrlimit(RLIMIT_CORE, &limit) == 0 &&
                     limit.rlim_cur == 0 && limit.rlim_max == 0 && ::prctl(PR_GET_DUMPABLE) == 0;
    ::_exit(forbidden ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
