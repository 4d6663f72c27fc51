// SPDX-License-Identifier: Apache-2.0
// One client connection of a load: opened, asked one thing at a time, closed. It never waits; the load tells
// it when its socket has something, and is told what that came to. A resource of one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/answer_reader.hpp"
#include "bench/plan.hpp"
#include "bench/tls_wire.hpp"

namespace hubward::bench {

using TimePoint = std::chrono::steady_clock::time_point;

// Where a request is cut by closing the connection.
enum class Cut { Nowhere, InRequest, BeforeAnswer, InAnswer };

class Connection {
 public:
  enum class Step { Closed, Shaking, Free, Asking };
  enum class News {
    Nothing,
    Ready,     // the handshake is done
    Answered,  // status() and bytes() say how
    WasCut,    // as asked for; it is closed
    Ended,     // the server closed it while nothing was asked
    Lost,      // trouble() says why; it is closed
  };

  Connection(const TlsContext& tls, const Plan& plan) : tls_(tls), plan_(plan) {}

  News open();
  // Sends a whole request and begins to wait for its answer.
  News ask(std::string_view request, TimePoint due, Cut cut);
  // Sends a part of a request; ask("") waits for the answer afterwards.
  News send_part(std::string_view bytes);
  News on_event();
  void close();

  Step step() const { return step_; }
  int fd() const { return wire_.fd(); }
  TimePoint due() const { return due_; }
  TimePoint opened() const { return opened_; }
  bool resumed() const { return wire_.resumed(); }
  int status() const { return reader_.status(); }
  std::uint64_t bytes() const { return reader_.body_bytes(); }
  bool server_closes() const { return reader_.closes(); }
  const std::string& trouble() const { return trouble_; }

  std::size_t dripped = 0;  // of its request; for the load that drips

 private:
  News lose(std::string why);
  News shake_hands();
  News read();

  const TlsContext& tls_;
  const Plan& plan_;
  TlsWire wire_;
  AnswerReader reader_;
  Step step_ = Step::Closed;
  Cut cut_ = Cut::Nowhere;
  TimePoint due_, opened_;
  std::string trouble_;
};

}  // namespace hubward::bench
