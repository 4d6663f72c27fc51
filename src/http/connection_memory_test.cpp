// SPDX-License-Identifier: Apache-2.0
// What a stranger's connection costs: at most 64 KiB and four bytes for each byte that it sent, whatever it
// has said so far. The strangers are a process of their own, so that only our side is measured; the measure
// is what malloc has given out.
#include <doctest/doctest.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <sys/wait.h>

#include <array>
#include <memory>
#include <vector>

#include "async/await.hpp"
#include "http/fake_authority.hpp"
#include "http/fake_door.hpp"

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // they have a malloc of their own

using namespace hubward;
using namespace hubward::http;
using namespace std::chrono_literals;

namespace {

constexpr int strangers = 50;
constexpr std::size_t allowed = 64 * 1024;
constexpr std::size_t allowed_for_each_byte = 4;

Async<Response> answer(Request) {
  co_return text_response(200, "text/plain", "ok");
}

// Before any thread is started: a process that opens connections as it is told, over a pipe, and says when it
// has.
class Strangers {
 public:
  // What each of them says, in the clear or through TLS, and what it waits for before it is done.
  struct Words {
    std::string text;
    bool through_tls = false;
    bool wait_for_answer = false;
    int kept_back = 0;  // bytes of the TLS record, from its end
  };

  explicit Strangers(std::vector<Words> phases) {
    REQUIRE(::pipe(orders_.data()) == 0);
    REQUIRE(::pipe(reports_.data()) == 0);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) live(phases);
  }
  ~Strangers() {
    ::close(orders_[1]);
    ::waitpid(child_, nullptr, 0);
    for (int fd : {orders_[0], reports_[0], reports_[1]}) ::close(fd);
  }
  Strangers(const Strangers&) = delete;
  Strangers& operator=(const Strangers&) = delete;

  // All of them go through the next phase. Port 0: they go away.
  void next(std::uint16_t port) {
    char done = 0;
    REQUIRE(::write(orders_[1], &port, sizeof port) == sizeof port);
    REQUIRE(::read(reports_[0], &done, 1) == 1);
    REQUIRE(done == 'd');
  }

 private:
  struct One {
    std::unique_ptr<RawSocket> socket;
    SSL* ssl = nullptr;
  };

  [[noreturn]] void live(const std::vector<Words>& phases) {
    ::close(orders_[1]);
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    std::vector<One> all;
    std::size_t phase = 0;
    for (std::uint16_t port = 0; ::read(orders_[0], &port, sizeof port) == sizeof port;) {
      bool fine = true;
      all.clear();
      for (int i = 0; port != 0 && i < strangers; ++i)
        fine = enter(all, phases[phase], port, context) && fine;
      if (port != 0) ++phase;
      char done = fine ? 'd' : 'f';
      if (::write(reports_[1], &done, 1) != 1) break;
    }
    ::_exit(0);
  }
  static bool enter(std::vector<One>& all, const Words& words, std::uint16_t port, SSL_CTX* context) {
    One& one = all.emplace_back(std::make_unique<RawSocket>(port));
    if (!words.through_tls) return one.socket->send(words.text);
    one.ssl = SSL_new(context);
    SSL_set_fd(one.ssl, one.socket->fd());
    if (SSL_connect(one.ssl) != 1) return false;
    if (words.text.empty()) return true;
    if (words.kept_back > 0) return send_part_of_record(one, words);
    if (SSL_write(one.ssl, words.text.data(), static_cast<int>(words.text.size())) <= 0) return false;
    char bytes[1000];
    return !words.wait_for_answer || SSL_read(one.ssl, bytes, sizeof bytes) > 0;
  }

  static bool send_part_of_record(One& one, const Words& words) {
    SSL_set0_wbio(one.ssl, BIO_new(BIO_s_mem()));
    if (SSL_write(one.ssl, words.text.data(), static_cast<int>(words.text.size())) <= 0) return false;
    char* record = nullptr;
    long size = BIO_get_mem_data(SSL_get_wbio(one.ssl), &record);
    return one.socket->send({record, static_cast<std::size_t>(size - words.kept_back)});
  }

  std::array<int, 2> orders_{}, reports_{};
  pid_t child_ = -1;
};

// A ClientHello as OpenSSL would write it, for those who do not go on.
std::string hello() {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl);
  char* data = nullptr;
  long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  SSL_free(ssl);
  SSL_CTX_free(context);
  return text;
}

std::size_t given_out() {
  struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

TEST_CASE("a connection costs no more than 64 KiB and four bytes for each byte that it sent") {
  struct Phase {
    std::string what;
    Strangers::Words words;
    std::size_t aim;  // what it costs when nothing is wrong, with some room
  };
  std::string lying_hello("\x16\x03\x01\x00\x04\x01\x01\xff\xff", 9);
  std::string half_post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n";
  const Phase phases[] = {
      {"silence", {""}, 6'000},
      {"half a hello", {hello().substr(0, 100)}, 6'000},
      {"a hello that announces 128 KiB", {lying_hello}, 6'000},
      {"a hello, and nothing more", {hello()}, 50'000},
      {"idle, before the first request", {"", true}, 30'000},  // buffers are given back after a moment
      {"half a head", {"GET / HTTP/1.1\r\nHos", true}, 30'000},
      {"half a long head", {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(30'000, 'x'), true}, 60'000},
      {"a record but for its last byte",  // OpenSSL's buffers, and none of ours beside them
       {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(8'000, 'x'), true, false, 1},
       50'000},
      {"half a body that nobody wants", {half_post + "abc", true, true}, 30'000},
      {"served, and pausing", {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true, true}, allowed},
  };
  std::vector<Strangers::Words> words = {std::rbegin(phases)->words};  // the first time costs what stays
  for (const Phase& phase : phases) words.push_back(phase.words);
  Strangers crowd(words);

  FakeAuthority authority;
  FakeAuthority::Leaf leaf = authority.issue("leaf");
  FakeDoor door(answer, {}, TlsServer{leaf.certificate_file, leaf.key_file, false});
  // Until the door has done all that it can do with what was sent.
  auto settle = [&](std::size_t& before) {
    std::size_t last = 0;
    for (int quiet = 0, tries = 0; quiet < 20 && tries < 2000; ++tries) {
      door.on_loop([] {});
      ::usleep(1000);
      std::size_t now = given_out();
      quiet = now == last ? quiet + 1 : 0;
      last = now;
    }
    before = last;
  };
  crowd.next(door.port());
  crowd.next(0);
  for (const Phase& phase : phases) {
    CAPTURE(phase.what);
    std::size_t before = 0, during = 0;
    settle(before);
    crowd.next(door.port());
    settle(during);
    std::size_t each = during > before ? (during - before) / strangers : 0;
    MESSAGE(phase.what << ": " << each << " bytes");
    CHECK(each <= allowed + allowed_for_each_byte * phase.words.text.size());
    CHECK(each <= phase.aim);
    crowd.next(0);
  }
}
#endif
