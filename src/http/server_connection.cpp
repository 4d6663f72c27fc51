// SPDX-License-Identifier: Apache-2.0
#include "http/server_connection.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "async/await.hpp"
#include "http/error_response.hpp"
#include "http/patience.hpp"

namespace hubward::http {

namespace {

using namespace std::chrono_literals;
using Cut = DoorFigures::Cut;

// What is left of a body that nobody pulled is read and dropped up to this; beyond it, closing is cheaper.
constexpr std::uint64_t droppable_body = 64 * 1024;
// After an answer that closes, what still arrives is dropped this long, lest a reset destroy the answer on
// its way (RFC 9112 section 9.6).
constexpr auto linger_time = 1s;
// A busy connection keeps its buffers; one that pauses longer than this does without.
constexpr auto buffers_kept = 100ms;
// Status line, framing fields and line ends around the fields of an answer.
constexpr std::size_t head_overhead = 220;

// For a client that speaks plain HTTP to a door that speaks TLS: whatever it sent, others could read.
std::string plain_http_refusal() {
  constexpr std::string_view body =
      R"({"status":"error","message":"this port speaks TLS: begin the address with https://. What was sent here )"
      R"(could be read on its way; rotate a key that was in it","correlationId":"","category":"HUBWARD_PLAIN_HTTP"})";
  return "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + std::string(body);
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

// Reads from the connection while that serves the request; afterwards it only fails.
class ServerConnection::RequestBody final : public Body {
 public:
  RequestBody(ServerConnection& connection, std::optional<std::uint64_t> length)
      : connection_(&connection),
        length_(length),
        patience_(connection.limits_.body_idle, connection.limits_.slowest_body) {
    connection.body_ = this;
  }
  ~RequestBody() override {
    if (connection_ != nullptr) connection_->body_ = nullptr;
  }
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  void detach() { connection_ = nullptr; }
  std::optional<std::uint64_t> length() const override { return length_; }
  bool ready() const override { return connection_ == nullptr || connection_->intake_.piece_ready(); }

  Async<Result<std::string_view>> next() override {
    if (connection_ == nullptr) co_return trouble("BODY_GONE", "the request has been answered already");
    ServerConnection& connection = *connection_;
    if (std::exchange(connection.continue_owed_, false) && connection.intake_.empty()) {
      Stream::State sent = co_await connection.stream_.write("HTTP/1.1 100 Continue\r\n\r\n",
                                                             after(connection.limits_.body_idle));
      if (sent != Stream::State::Ok)
        co_return trouble("BODY_CUT", "the connection broke before the body came");
    }
    Intake::Piece piece = co_await connection.intake_.next_piece(patience_.begin());
    patience_.moved(piece.data.size());
    taken_ += piece.data.size();
    if (piece.refusal) co_return trouble("BODY_MALFORMED", piece.refusal->message);
    if (piece.state == Stream::State::TimedOut) {
      connection.door_.cut(Cut::BodySlow);
      co_return trouble("BODY_TIMEOUT", "the body came too slowly");
    }
    if (piece.state != Stream::State::Ok)
      co_return trouble("BODY_CUT", "the connection broke within the body");
    if (taken_ > connection.limits_.body_bytes)
      co_return trouble("BODY_TOO_LARGE", "the body is longer than the limit of " +
                                              std::to_string(connection.limits_.body_bytes) + " bytes");
    co_return piece.data;
  }

 private:
  std::unexpected<Error> trouble(std::string code, std::string_view message) {
    if (connection_ != nullptr) connection_->body_broken_ = true;
    return failure(std::move(code), Fault::Caller, Retry::Never, std::string(message));
  }

  ServerConnection* connection_;
  const std::optional<std::uint64_t> length_;
  Patience patience_;
  std::uint64_t taken_ = 0;
};

ServerConnection::ServerConnection(Loop& loop, int fd, Peer peer, Door& door, Admission::Place place)
    : door_(door),
      limits_(door.limits),
      peer_(std::move(peer)),
      place_(std::move(place)),
      seat_(door.expendable, [this] { give_way(); }),
      stream_(loop, fd),
      intake_(stream_),
      writer_(stream_) {
  if (Expendable* neighbours = place_.neighbours()) own_seat_.emplace(*neighbours, [this] { give_way(); });
}

ServerConnection::~ServerConnection() {
  if (body_ != nullptr) body_->detach();
}

void ServerConnection::drain() {
  draining_ = true;
  if (idle_) stream_.cancel();
}

void ServerConnection::stand(Expendable::As as) {
  SteadyPoint now = std::chrono::steady_clock::now();
  seat_.stand(as, now);
  if (own_seat_) own_seat_->stand(as, now);
}

void ServerConnection::leave_seats() {
  seat_.leave();
  if (own_seat_) own_seat_->leave();
}

void ServerConnection::give_way() {
  leave_seats();
  door_.cut(Cut::GaveWay);
  cancel();
}

Async<void> ServerConnection::run(std::shared_ptr<const TlsContext> tls) {
  stand(Expendable::As::Newcomer);
  tls_ = std::move(tls);
  bool ready = co_await shake_hands();
  if (!ready) co_return;
  Next next = Next::Request;
  while (next == Next::Request) {
    next = co_await serve_one();
    // Whoever sends one request after another without waiting still leaves everybody else a turn.
    bool presses_on = next == Next::Request && (!intake_.empty() || stream_.has_more());
    if (presses_on) co_await yield();
  }
  if (next == Next::Linger) {
    intake_.release();
    writer_.release();
    co_await linger();
  }
}

Async<bool> ServerConnection::wait_for_turn() {
  Deadline now = std::chrono::steady_clock::now();
  auto turn = door_.admission.turn(place_, now);
  if (!turn) {
    bool own = turn.error() == Admission::Refusal::AddressHandshakeRate;
    door_.cut(own ? Cut::AddressHandshakeRate : Cut::HandshakeRate);
    co_return false;
  }
  if (*turn <= now) co_return true;
  if (door_.figures) door_.figures->handshake_delayed();
  leave_seats();  // those who wait are few (Admission), and taking their turns away would starve everybody
  Stream::State held = co_await stream_.hold(*turn);
  stand(Expendable::As::Newcomer);
  if (held == Stream::State::Ok) co_return true;
  door_.admission.give_back_turn(place_, std::chrono::steady_clock::now());
  co_return false;
}

// Nothing is spent on TLS before the peer has said all that the first step needs, nor before its turn.
Async<bool> ServerConnection::shake_hands() {
  if (!tls_) co_return true;
  Stream::State state = co_await stream_.wait_for_hello(after(limits_.handshake));
  if (state == Stream::State::TimedOut) door_.cut(Cut::HandshakeSlow);
  if (state != Stream::State::Ok) co_return false;
  bool may_begin = co_await wait_for_turn();
  if (!may_begin) co_return false;
  co_await door_.aside.pass();
  SslPtr ssl = tls_->accept_on(stream_.tls_socket());
  state = co_await stream_.start_tls(std::move(ssl), after(limits_.handshake));
  if (state == Stream::State::Ok) {
    if (door_.figures) door_.figures->handshake_done();
    peer_.certificate = stream_.peer_certificate(*tls_);
    co_return true;
  }
  if (state == Stream::State::TimedOut) door_.cut(Cut::HandshakeSlow);
  if (state == Stream::State::Broken) door_.cut(Cut::HandshakeFailed);
  if (stream_.heard_plain_http()) {
    stream_.answer_plainly(plain_http_refusal());
    co_await linger();
  }
  co_return false;
}

void ServerConnection::judge_certificate_by(std::shared_ptr<const TlsContext> tls) {
  judge_ = std::move(tls);
}

// A connection that stays idle for longer than a moment gives its buffers back meanwhile.
Async<Stream::State> ServerConnection::wait_for_request() {
  // One that is new and says nothing is given the time of a head, not the patience of an idle one.
  Deadline end = after(answered_before_ ? limits_.idle : limits_.head);
  Stream::State state = co_await intake_.wait_for_bytes(std::min(end, after(buffers_kept)));
  if (state != Stream::State::TimedOut || end <= std::chrono::steady_clock::now()) co_return state;
  intake_.release();
  stream_.release();
  state = co_await intake_.wait_for_bytes(end);
  co_return state;
}

Async<ServerConnection::Next> ServerConnection::serve_one() {
  idle_ = true;
  if (answered_before_) stand(served_before_ ? Expendable::As::Idle : Expendable::As::Unproven);
  intake_.set_waiting(Intake::Waiting::KeepsBytes);
  Stream::State state = co_await wait_for_request();
  idle_ = false;
  if (state != Stream::State::Ok) {
    stream_.finish();
    co_return Next::Close;
  }
  HeadLimits head_limits{limits_.head_bytes, limits_.fields, limits_.target_bytes};
  Intake::Head arrived = co_await intake_.read_head(head_limits, after(limits_.head));
  std::optional<Refusal> refusal = arrived.refusal;
  if (!refusal && arrived.state == Stream::State::TimedOut)
    refusal = Refusal{408, "HEAD_TIMEOUT", "the request's head came too slowly"};
  if (arrived.state == Stream::State::TimedOut) {
    door_.cut(Cut::HeadSlow);
    co_await door_.aside.pass();
  }
  leave_seats();
  if (!refusal && arrived.state != Stream::State::Ok) co_return Next::Close;

  std::expected<RequestHead, Refusal> head;
  if (!refusal) {
    head = read_request_head(arrived.text, head_limits);
    if (!head) refusal = head.error();
  }
  if (!refusal && head->framing.content_length.value_or(0) > limits_.body_bytes)
    refusal = Refusal{413, "BODY_TOO_LARGE", "the body announced is longer than this door takes"};
  if (refusal) {
    Next next = co_await refuse(refusal->status, refusal->code, refusal->message);
    co_return next;
  }
  bool keep_alive = head->keep_alive;
  Request request = make_request(std::move(*head));
  Next next = co_await answer(std::move(request), keep_alive);
  answered_before_ = true;
  co_return next;
}

// Takes what it needs out of the head, which is then wiped from the buffer.
Request ServerConnection::make_request(RequestHead head) {
  if (judge_) peer_.certificate = stream_.peer_certificate(*std::exchange(judge_, nullptr));
  Request request;
  request.method = head.method;
  request.target = head.target;
  request.fields = std::move(head.fields);
  request.peer = peer_;
  request.caller_is_there = [this] { return stream_.peer_is_there(); };
  intake_.drop_head();
  intake_.begin_body(head.framing);
  body_broken_ = false;
  bool has_body = !intake_.body_done();
  continue_owed_ = has_body && head.expects_continue;
  intake_.set_waiting(Intake::Waiting::KeepsBuffers);
  if (has_body) request.body = std::make_unique<RequestBody>(*this, head.framing.content_length);
  return request;
}

bool ServerConnection::body_can_be_dropped() const {
  if (body_broken_) return false;
  if (intake_.body_done()) return true;
  return !continue_owed_ && intake_.body_left().value_or(0) <= droppable_body;
}

Async<ServerConnection::Next> ServerConnection::answer(Request request, bool keep_alive) {
  bool is_head = request.method == "HEAD";
  Response response = co_await door_.handler(std::move(request));
  if (response.then == Response::Then::Abort) co_return Next::Close;
  if (response.status < 400) served_before_ = true;
  // An answer may be made of the request's body: that is pulled while it is written.
  bool reads_on = body_ != nullptr && response.body != nullptr;
  bool client_closes = !keep_alive;
  keep_alive = keep_alive && !draining_ && response.then == Response::Then::KeepAlive &&
               (reads_on || body_can_be_dropped());
  // What came in and what goes out have their buffers one after the other, lest a connection hold both.
  if (!reads_on) intake_.release();
  bool written = co_await write(std::move(response), is_head, keep_alive);
  writer_.release();
  if (body_ != nullptr) body_->detach();
  body_ = nullptr;
  if (!written) co_return Next::Close;
  if (keep_alive && body_can_be_dropped()) {
    bool dropped = co_await drop_rest_of_body();
    if (dropped && !draining_) co_return Next::Request;
  }
  // A client that said it would close sends nothing that a reset could answer.
  bool nothing_comes = client_closes && intake_.body_done() && intake_.empty();
  if (nothing_comes) stream_.finish();
  co_return nothing_comes ? Next::Close : Next::Linger;
}

Async<ServerConnection::Next> ServerConnection::refuse(int status, std::string_view code,
                                                       std::string_view message) {
  bool written = co_await write(error_response(status, code, message), false, false);
  co_return written ? Next::Linger : Next::Close;
}

Async<bool> ServerConnection::write(Response response, bool is_head, bool keep_alive) {
  using BodyFraming = MessageWriter::BodyFraming;
  if (response.status < 200 || response.status > 599)
    response = error_response(500, "INTERNAL", "an answer was made without a proper status");
  bool bodyless = is_head || has_no_body(response.status);
  std::optional<std::uint64_t> length = response.body ? response.body->length() : 0;
  BodyFraming framing = bodyless || length == 0 ? BodyFraming::None
                        : length                ? BodyFraming::Counted
                                                : BodyFraming::Chunked;
  writer_.begin(MessageWriter::size_of(response.fields) + head_overhead);
  writer_.append("HTTP/1.1 ");
  writer_.append(std::to_string(response.status));
  writer_.append(" ");
  writer_.append(reason_phrase(response.status));
  writer_.append("\r\n");
  writer_.append_fields(response.fields);
  // An answer to HEAD says what the body would have been, where that is known (RFC 9110 section 9.3.2).
  bool tells_length = length && !has_no_body(response.status) && (!is_head || response.body);
  if (tells_length) writer_.append_field("Content-Length", std::to_string(*length));
  if (framing == BodyFraming::Chunked) writer_.append_field("Transfer-Encoding", "chunked");
  if (tls_ && !tls_->strict_transport().empty())
    writer_.append_field("Strict-Transport-Security", tls_->strict_transport());
  if (!keep_alive) writer_.append_field("Connection", "close");
  MessageWriter::Pace pace(Patience(limits_.body_idle, limits_.slowest_body));
  MessageWriter::Outcome sent = co_await writer_.send(response.body.get(), framing, pace);
  if (sent.ok()) co_return true;
  if (sent.state == Stream::State::TimedOut) door_.cut(Cut::ReaderSlow);
  if (!sent.body_trouble || sent.started) co_return false;  // all that is left is to cut it off
  const std::string& known = response.correlation_id;
  Response instead =
      known.empty() ? error_response(*sent.body_trouble) : error_response(*sent.body_trouble, known);
  body_broken_ = true;
  bool told = co_await write(std::move(instead), is_head, false);
  co_return told;
}

Async<bool> ServerConnection::drop_rest_of_body() {
  if (intake_.body_done()) co_return true;
  intake_.set_waiting(Intake::Waiting::KeepsBytes);
  stand(Expendable::As::Unproven);
  std::uint64_t dropped = 0;
  Deadline end = after(limits_.body_idle);  // for all of it: nobody waits for this body
  while (!intake_.body_done()) {
    Intake::Piece piece = co_await intake_.next_piece(end);
    if (piece.state == Stream::State::TimedOut) door_.cut(Cut::BodySlow);
    dropped += piece.data.size();
    if (piece.refusal || piece.state != Stream::State::Ok || dropped > droppable_body) co_return false;
  }
  co_return true;
}

Async<void> ServerConnection::linger() {
  stream_.finish();
  co_await stream_.discard(after(linger_time));
}

}  // namespace hubward::http
