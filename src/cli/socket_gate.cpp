// SPDX-License-Identifier: Apache-2.0
#include "cli/socket_gate.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/ascii.hpp"

namespace hubward::cli {
namespace {

constexpr std::size_t max_head_bytes = 16 * 1024;

class Connection {
 public:
  static Result<Connection> open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
      return invalid("SOCKET_PATH",
                     fmt::format("{} is too long for a local socket; shorten store_dir", path));
    std::ranges::copy(path, address.sun_path);
    Connection connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    timeval wait{.tv_sec = answer_timeout_seconds, .tv_usec = 0};
    setsockopt(connection.descriptor_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(connection.descriptor_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(connection.descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
      return connection;
    if (errno == ENOENT || errno == ECONNREFUSED)
      return failure("NO_GATEWAY", Fault::Us, Retry::Later, fmt::format("no gateway listens at {}", path));
    return failure("SOCKET", Fault::Us, Retry::Never,
                   fmt::format("{} cannot be reached: {}; run the command as root or as the gateway's user",
                               path, std::strerror(errno)));
  }

  Connection(Connection&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Connection& operator=(Connection&&) = delete;
  ~Connection() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  Result<void> write(std::string_view text) {
    while (!text.empty()) {
      ssize_t sent = send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return broken("sending to");
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
  }

  // How many bytes came; zero at the end.
  Result<std::size_t> read(std::span<std::byte> into) {
    for (;;) {
      ssize_t got = recv(descriptor_, into.data(), into.size(), 0);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return broken("reading from");
    }
  }

 private:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  static std::unexpected<Error> broken(std::string_view doing) {
    bool late = errno == EAGAIN || errno == EWOULDBLOCK;
    return failure("SOCKET", Fault::Us, Retry::Later,
                   late ? fmt::format("the gateway did not answer within {} s; its log says more",
                                      answer_timeout_seconds)
                        : fmt::format("{} the gateway: {}", doing, std::strerror(errno)));
  }

  int descriptor_;
};

struct Head {
  int status = 0;
  std::size_t body_bytes = 0;
};

Result<Head> read_head(std::string_view text) {
  auto refuse = [](std::string_view why) {
    return failure("ANSWER", Fault::Us, Retry::Never,
                   fmt::format("the gateway's answer cannot be read: {}", why));
  };
  std::size_t line_end = text.find("\r\n");
  std::string_view status_line = text.substr(0, line_end);
  if (!status_line.starts_with("HTTP/1.1 ") || status_line.size() < 12) return refuse("no status line");
  auto status = to_number(status_line.substr(9, 3));
  if (!status || *status < 100) return refuse("no status");
  Head head{.status = static_cast<int>(*status)};
  std::optional<std::uint64_t> length;
  text.remove_prefix(line_end + 2);
  while (!text.empty()) {
    line_end = text.find("\r\n");
    std::string_view line = text.substr(0, line_end);
    text.remove_prefix(line_end + 2);
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return refuse("a field without a colon");
    if (same_ignoring_case(line.substr(0, colon), "transfer-encoding")) return refuse("it is chunked");
    if (!same_ignoring_case(line.substr(0, colon), "content-length")) continue;
    length = to_number(trimmed(line.substr(colon + 1)));
    if (!length || *length > max_answer_bytes) return refuse("it is too long");
  }
  if (!length && head.status != 204) return refuse("it has no length");
  head.body_bytes = static_cast<std::size_t>(length.value_or(0));
  return head;
}

class SocketGate final : public Gate {
 public:
  explicit SocketGate(std::string path) : path_(std::move(path)) {}

  Result<Answer> ask(Call call) override {
    Result<Connection> connection = Connection::open(path_);
    if (!connection) return std::unexpected(connection.error());
    if (Result<void> sent = send(*connection, call); !sent) return std::unexpected(sent.error());
    return receive(*connection);
  }

 private:
  static Result<void> send(Connection& connection, const Call& call) {
    std::string body = call.secret || call.body.is_null() ? "" : call.body.dump();
    std::size_t length = call.secret ? call.secret->size() : body.size();
    std::string head =
        fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", call.method, call.target);
    if (length > 0)
      head += fmt::format("Content-Type: {}\r\n", call.secret ? "text/plain" : "application/json");
    if (call.method != "GET") head += fmt::format("Content-Length: {}\r\n", length);
    Result<void> sent = connection.write(head + "\r\n" + body);
    if (sent && call.secret) return connection.write(call.secret->reveal_text());
    return sent;
  }

  // The head byte by byte into a small buffer is simple, but slow for nobody: it is one system call a piece.
  static Result<Answer> receive(Connection& connection) {
    Secret buffer = Secret::of_size(max_head_bytes);
    std::size_t filled = 0;
    std::size_t end = std::string_view::npos;
    while (end == std::string_view::npos) {
      if (filled == max_head_bytes)
        return failure("ANSWER", Fault::Us, Retry::Never, "the gateway's answer has too long a head");
      Result<std::size_t> got = connection.read(buffer.writable().subspan(filled));
      if (!got) return std::unexpected(got.error());
      if (*got == 0)
        return failure("ANSWER", Fault::Us, Retry::Later,
                       "the gateway closed the connection without an answer");
      filled += *got;
      end = buffer.reveal_text().substr(0, filled).find("\r\n\r\n");
    }
    Result<Head> head = read_head(buffer.reveal_text().substr(0, end + 2));
    if (!head) return std::unexpected(head.error());
    std::string_view rest = buffer.reveal_text().substr(0, filled).substr(end + 4);
    return receive_body(connection, *head, rest);
  }

  static Result<Answer> receive_body(Connection& connection, Head head, std::string_view first) {
    Answer answer{head.status, {}};
    std::string body(first.substr(0, head.body_bytes));
    std::size_t filled = body.size();
    body.resize(head.body_bytes);
    Result<std::size_t> got = filled;
    while (filled < body.size()) {
      got = connection.read(std::as_writable_bytes(std::span(body)).subspan(filled));
      if (!got || *got == 0) break;
      filled += *got;
    }
    answer.body = std::move(body);
    if (!got) return std::unexpected(got.error());
    if (filled < head.body_bytes)
      return failure("ANSWER", Fault::Us, Retry::Later, "the gateway's answer broke off");
    return answer;
  }

  std::string path_;
};

}  // namespace

Result<std::unique_ptr<Gate>> open_socket_gate(const std::string& path) {
  Result<Connection> probe = Connection::open(path);
  if (!probe) return std::unexpected(probe.error());
  return std::make_unique<SocketGate>(path);
}

}  // namespace hubward::cli
