// SPDX-License-Identifier: Apache-2.0
#include "bench/connection.hpp"

#include <array>
#include <utility>

namespace hubward::bench {

Connection::News Connection::lose(std::string why) {
  trouble_ = std::move(why);
  close();
  return News::Lost;
}

void Connection::close() {
  wire_.close();
  step_ = Step::Closed;
  dripped = 0;
}

Connection::News Connection::open() {
  opened_ = std::chrono::steady_clock::now();
  if (wire_.open(tls_, plan_.address, plan_.port, plan_.resume) == TlsWire::State::Broken)
    return lose(wire_.trouble());
  step_ = Step::Shaking;
  return News::Nothing;
}

Connection::News Connection::shake_hands() {
  switch (wire_.shake_hands()) {
    case TlsWire::State::Done: step_ = Step::Free; return News::Ready;
    case TlsWire::State::Again: return News::Nothing;
    case TlsWire::State::Closed: return lose("the server closed the connection during the handshake");
    case TlsWire::State::Broken: break;
  }
  return lose(wire_.trouble());
}

Connection::News Connection::send_part(std::string_view bytes) {
  if (wire_.write(bytes) != TlsWire::State::Done) return lose(wire_.trouble());
  return News::Nothing;
}

Connection::News Connection::ask(std::string_view request, TimePoint due, Cut cut) {
  due_ = due;
  cut_ = cut;
  reader_ = AnswerReader();
  step_ = Step::Asking;
  if (cut == Cut::InRequest) request = request.substr(0, request.size() / 2);
  if (!request.empty() && send_part(request) == News::Lost) return News::Lost;
  if (cut == Cut::InRequest || cut == Cut::BeforeAnswer) {
    close();
    return News::WasCut;
  }
  return News::Nothing;
}

Connection::News Connection::on_event() {
  if (step_ == Step::Closed) return News::Nothing;
  return step_ == Step::Shaking ? shake_hands() : read();
}

// Reads until an answer is whole or there is nothing more. What is left unread then is found by the next
// event.
Connection::News Connection::read() {
  constexpr std::size_t buffer_bytes = 64UL * 1024;
  static thread_local std::array<char, buffer_bytes> buffer;
  for (;;) {
    TlsWire::Moved moved = wire_.read(buffer);
    if (moved.state == TlsWire::State::Again) return News::Nothing;
    if (moved.state != TlsWire::State::Done) {
      if (step_ == Step::Free && moved.state == TlsWire::State::Closed) {
        close();
        return News::Ended;
      }
      return lose(moved.state == TlsWire::State::Closed
                      ? "the server closed the connection without a whole answer"
                      : wire_.trouble());
    }
    if (step_ == Step::Free) return lose("the server sent something that nobody had asked for");
    if (cut_ == Cut::InAnswer) {
      close();
      return News::WasCut;
    }
    AnswerReader::State state = reader_.feed({buffer.data(), moved.size});
    if (state == AnswerReader::State::Broken) return lose("the answer is not HTTP/1.1 as expected");
    if (state == AnswerReader::State::Whole) {
      step_ = Step::Free;
      return News::Answered;
    }
  }
}

}  // namespace hubward::bench
