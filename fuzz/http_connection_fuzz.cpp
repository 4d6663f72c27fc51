// SPDX-License-Identifier: Apache-2.0
// What a server reads from a connection, and what it answers, depends on the bytes alone: several requests in
// one piece, or cut anywhere, are the same requests. Goes through the real connection on a socket. The input
// begins with the sizes of the pieces, up to a zero byte; what follows is sent.
//
// aims at: src/http/server_connection.cpp but drain give_way shake_hands wait_for_turn judge_certificate_by
// aims at: src/http/intake.cpp but release begin_body_until_close
// aims at: src/http/chunked_decoder.cpp
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/invariant.hpp"
#include "http/server_connection.hpp"
#include "input.hpp"

using namespace hubward;
using namespace hubward::http;

namespace {

Limits limits() {
  Limits limits;
  limits.head_bytes = 2048;
  limits.fields = 30;
  limits.target_bytes = 512;
  limits.body_bytes = 1024;
  return limits;
}

struct Reading {
  std::string requests;  // as the handler saw them
  std::string answers;   // as the client saw them
  bool operator==(const Reading&) const = default;
};

// Pulls the body, unless the request asks for it to be left: then the connection has to get rid of it.
Async<Response> note(Request request, std::string* seen) {
  seen->append(request.method).append(" ").append(request.target).append("\n");
  for (std::size_t i = 0; i < request.fields.size(); ++i)
    seen->append(request.fields[i].name).append("=").append(request.fields[i].value).append("\n");
  bool leaves_it = request.target.ends_with("leave");
  std::string body;
  while (request.body && !leaves_it) {
    Result<std::string_view> piece = co_await request.body->next();
    if (!piece) body = "broken: " + piece.error().code;  // how much of it came before that may differ
    if (!piece || piece->empty()) break;
    body += *piece;
  }
  seen->append(body).append("\n");
  Response response = text_response(200, "text/plain", request.method);
  if (request.target.ends_with("close")) response.then = Response::Then::Close;
  if (request.target.ends_with("abort")) response.then = Response::Then::Abort;
  co_return response;
}

Async<void> serve(ServerConnection* connection, bool* done) {
  co_await connection->run(nullptr);
  *done = true;
}

// What has come by now.
void receive(int socket, std::string* text) {
  std::array<char, 4096> bytes{};
  for (ssize_t size = 0; (size = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;)
    text->append(bytes.data(), static_cast<std::size_t>(size));
}

// Each piece as soon as the one before has been read, then the end; takes the answers meanwhile.
Async<void> send(int from, int to, std::string_view bytes, std::string_view sizes, std::string* answers,
                 const bool* done) {
  while (!bytes.empty() && !*done) {
    std::size_t size = sizes.empty() ? bytes.size() : static_cast<unsigned char>(sizes.front());
    sizes.remove_prefix(std::min<std::size_t>(1, sizes.size()));
    std::string_view piece = bytes.substr(0, size);
    ssize_t sent = ::send(from, piece.data(), piece.size(), MSG_NOSIGNAL);
    if (sent < 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    for (int unread = 1; unread > 0 && !*done;) {
      co_await yield();
      receive(from, answers);
      if (*done || ::ioctl(to, FIONREAD, &unread) != 0) break;
    }
  }
  ::shutdown(from, SHUT_WR);
  while (!*done) {
    co_await yield();
    receive(from, answers);
  }
}

void drop_each(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
    std::size_t end = text.find(to, at + from.size());
    if (end == std::string::npos) return;
    text.erase(at, end + to.size() - at);
  }
}

// Whether a body is asked for depends on whether it has come; and every refusal has an id of its own.
void drop_what_may_differ(std::string& answers) {
  drop_each(answers, "HTTP/1.1 100 Continue\r\n", "\r\n");
  drop_each(answers, "\"correlationId\":\"", "\"");
}

Reading read(std::string_view bytes, std::string_view sizes) {
  static Loop loop;
  int sockets[2] = {-1, -1};
  invariant(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0, "there are sockets");
  Reading reading;
  Listener::Handler handler = [&](Request request) { return note(std::move(request), &reading.requests); };
  bool done = false;
  {
    Door door(loop, limits(), handler, nullptr);
    auto place = door.admission.arrive("127.0.0.1", SteadyPoint());
    invariant(place.has_value(), "a door without bounds lets everybody in");
    ServerConnection connection(loop, sockets[1], {}, door, std::move(*place));
    loop.spawn(send(sockets[0], sockets[1], bytes, sizes, &reading.answers, &done));
    loop.run_task(serve(&connection, &done));
  }
  loop.run_until_idle();
  receive(sockets[0], &reading.answers);
  ::close(sockets[0]);
  drop_what_may_differ(reading.answers);
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  std::string_view sizes = input.line(), bytes = input.rest();
  Reading whole = read(bytes, {});
  invariant(read(bytes, sizes) == whole, "a connection cut into pieces is read as the whole");
  return 0;
}
