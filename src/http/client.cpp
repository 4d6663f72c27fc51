// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "core/ascii.hpp"
#include "http/answer_head.hpp"
#include "http/client_pool.hpp"
#include "http/grammar.hpp"
#include "http/patience.hpp"

namespace hubward::http {

namespace {

using Lease = ClientPools::Lease;

// Request line, Host and framing fields, and line ends, without the texts in them.
constexpr std::size_t head_overhead = 200;

std::unexpected<Error> upstream(std::string code, const Origin& origin, std::string_view what) {
  return failure(std::move(code), Fault::Network, Retry::Later, to_string(origin) + " " + std::string(what));
}

// A body that was announced but is not sent, as in an answer to HEAD.
class AbsentBody final : public Body {
 public:
  explicit AbsentBody(std::uint64_t length) : length_(length) {}
  Async<Result<std::string_view>> next() override { co_return std::string_view(); }
  std::optional<std::uint64_t> length() const override { return length_; }
  bool ready() const override { return true; }

 private:
  const std::uint64_t length_;
};

// Holds the connection until the answer has been read; read to its end, it goes back to the pool.
class AnswerBody final : public Body {
 public:
  AnswerBody(Lease lease, Origin origin, std::optional<std::uint64_t> length, bool keep_alive,
             Patience patience, Deadline end)
      : lease_(std::move(lease)),
        origin_(std::move(origin)),
        length_(length),
        keep_alive_(keep_alive),
        patience_(patience),
        end_(end) {}
  ~AnswerBody() override {
    bool reusable = keep_alive_ && lease_->intake.body_done() && lease_->intake.empty();
    if (reusable) lease_.keep();
  }
  AnswerBody(const AnswerBody&) = delete;
  AnswerBody& operator=(const AnswerBody&) = delete;

  std::optional<std::uint64_t> length() const override { return length_; }
  bool ready() const override { return lease_->intake.piece_ready(); }

  Async<Result<std::string_view>> next() override {
    std::optional<Intake::Piece> piece = lease_->intake.next_piece_now();
    if (!piece) return read_next();
    patience_.earn(piece->data.size());  // it came with the one before, and nobody waited for it
    return Async<Result<std::string_view>>::already(judge(*piece));
  }

 private:
  Async<Result<std::string_view>> read_next() {
    Intake::Piece piece = co_await lease_->intake.next_piece(std::min(patience_.begin(), end_));
    patience_.moved(piece.data.size());
    co_return judge(piece);
  }
  Result<std::string_view> judge(const Intake::Piece& piece) {
    if (!piece.refusal && piece.state == Stream::State::Ok) return piece.data;
    keep_alive_ = false;
    if (piece.refusal) return upstream("UPSTREAM_ANSWER", origin_, piece.refusal->message);
    return std::unexpected(words_for(piece.state, origin_, lease_->stream));
  }

  Lease lease_;
  const Origin origin_;
  const std::optional<std::uint64_t> length_;
  bool keep_alive_;
  Patience patience_;
  const Deadline end_;
};

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE";
}

bool expects_length(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// What would be another message on the wire than the one meant.
Result<void> check(const Outgoing& request) {
  bool has_good_target = request.target.starts_with('/') && all(ByteClass::target, request.target);
  bool has_good_bearer = !request.bearer || is_field_value(request.bearer->reveal_text());
  if (is_token(request.method) && has_good_target && has_good_bearer) return {};
  return failure("REQUEST_INVALID", Fault::Us, Retry::Never,
                 "a request to " + to_string(request.origin) +
                     " was not sent: its method, target or token holds bytes that may not stand there");
}

MessageWriter::BodyFraming write_head(MessageWriter& writer, Outgoing& request) {
  using BodyFraming = MessageWriter::BodyFraming;
  std::string host = authority_of(request.origin);
  std::size_t bearer_size = request.bearer ? request.bearer->size() : 0;
  request.fields.remove("host");
  if (request.bearer) request.fields.remove("authorization");
  writer.begin(request.method.size() + request.target.size() + host.size() + bearer_size +
               MessageWriter::size_of(request.fields) + head_overhead);
  writer.append(request.method);
  writer.append(" ");
  writer.append(request.target);
  writer.append(" HTTP/1.1\r\n");
  writer.append_field("Host", host);
  writer.append_fields(request.fields);
  if (request.bearer) {
    writer.append("Authorization: Bearer ");
    writer.append(request.bearer->reveal_text());
    writer.append("\r\n");
  }
  std::optional<std::uint64_t> length = request.body ? request.body->length() : 0;
  if (!length) {
    writer.append_field("Transfer-Encoding", "chunked");
    return BodyFraming::Chunked;
  }
  if (*length > 0 || expects_length(request.method))
    writer.append_field("Content-Length", std::to_string(*length));
  return *length > 0 ? BodyFraming::Counted : BodyFraming::None;
}

}  // namespace

struct Client::State {
  explicit State(std::shared_ptr<ClientPools> of) : pools(std::move(of)) {}

  // What one exchange came to. `stale` when the connection was a kept one that turned out to have ended, and
  // nothing of an answer was seen.
  struct Exchanged {
    Result<ResponseHead> head;
    bool stale = false;
  };

  static Async<Exchanged> exchange(ClientConnection& connection, Outgoing& request, HeadLimits limits,
                                   const ClientOptions& options, Deadline deadline);
  static Response make_response(Lease lease, ResponseHead head, const Outgoing& request,
                                const ClientOptions& options);

  std::shared_ptr<ClientPools> pools;
};

Async<Client::State::Exchanged> Client::State::exchange(ClientConnection& connection, Outgoing& request,
                                                        HeadLimits limits, const ClientOptions& options,
                                                        Deadline deadline) {
  MessageWriter::BodyFraming framing = write_head(connection.writer, request);
  MessageWriter::Pace pace(Patience(options.body_idle, options.slowest_body), deadline);
  AnswerHead answer(connection.intake, limits);
  if (request.body) connection.stream.heed([&answer] { return answer.has_begun(); });
  MessageWriter::Outcome sent = co_await connection.writer.send(request.body.get(), framing, pace);
  connection.stream.heed(nullptr);
  if (sent.body_trouble) {
    Error trouble = *sent.body_trouble;
    trouble.code = "REQUEST_BODY";
    co_return Exchanged{std::unexpected(std::move(trouble))};
  }
  if (sent.state == Stream::State::TimedOut)
    co_return Exchanged{upstream("UPSTREAM_TIMEOUT", request.origin, "did not take the request in time")};
  // An origin may answer and close before it has read everything: its answer is worth more than our trouble.
  Result<ResponseHead> head = co_await answer.read(request.origin, deadline);
  bool stale = connection.used_before && answer.nothing_came();
  if (sent.state != Stream::State::Ok) {
    if (head)
      head->keep_alive = false;
    else if (sent.state != Stream::State::Answered)
      head = upstream("UPSTREAM_SEND", request.origin,
                      "broke the connection off within the request" + tls_words(connection.stream));
  }
  co_return Exchanged{std::move(head), stale};
}

Response Client::State::make_response(Lease lease, ResponseHead head, const Outgoing& request,
                                      const ClientOptions& options) {
  Response response;
  response.status = head.status;
  response.fields = std::move(head.fields);
  Intake& intake = lease->intake;
  std::optional<std::uint64_t> length = head.framing.content_length;
  bool is_head = request.method == "HEAD";
  if (is_head || head.status == 204 || head.status == 304) {
    intake.begin_body({});
    if (is_head && length) response.body = std::make_unique<AbsentBody>(*length);
  } else if (head.framing.chunked || length) {
    intake.begin_body(head.framing);
  } else {
    intake.begin_body_until_close();
    head.keep_alive = false;
  }
  if (!intake.body_done()) {
    response.body =
        std::make_unique<AnswerBody>(std::move(lease), request.origin, length, head.keep_alive,
                                     Patience(options.body_idle, options.slowest_body), request.answer_end);
  } else if (head.keep_alive && intake.empty()) {
    lease.keep();
  }
  return response;
}

Client::Client(std::shared_ptr<State> state) : state_(std::move(state)) {}

Client::~Client() {
  state_->pools->close();
}

Result<CertificateFacts> try_client_certificate(const std::string& certificate_file,
                                                const std::string& key_file) {
  auto tls = TlsContext::for_client({false, {}, certificate_file, key_file});
  if (!tls) return std::unexpected(tls.error());
  return (*tls)->certificate();
}

Result<std::unique_ptr<Client>> Client::make(Loop& loop, ClientOptions options) {
  Result<std::shared_ptr<TlsContext>> tls = TlsContext::for_client(
      {options.system_authorities, options.authority_files, options.certificate_file, options.key_file});
  if (!tls) return std::unexpected(tls.error());
  auto pools = std::make_shared<ClientPools>(loop, std::move(options), std::move(*tls));
  return std::unique_ptr<Client>(new Client(std::make_shared<State>(std::move(pools))));
}

std::size_t Client::open_connections() const {
  return state_->pools->open();
}

void Client::forget_pool(std::string_view pool) {
  state_->pools->forget(pool);
}

Async<Result<Response>> Client::send(Outgoing& request, Deadline deadline) {
  Result<void> checked = check(request);
  if (!checked) co_return std::unexpected(checked.error());
  std::shared_ptr<ClientPools> pools = state_->pools;
  const ClientOptions& options = pools->options();
  HeadLimits limits{.bytes = options.head_bytes};
  bool may_repeat = !request.body && is_idempotent(request.method);
  using Freshness = ClientPools::Freshness;
  Freshness freshness = may_repeat ? Freshness::Kept : Freshness::Proven;
  for (;;) {
    Result<Lease> lease = co_await pools->acquire(request.pool, request.origin, freshness, deadline);
    if (!lease) co_return std::unexpected(lease.error());
    ClientConnection& connection = *lease->operator->();
    State::Exchanged exchanged = co_await State::exchange(connection, request, limits, options, deadline);
    if (exchanged.head)
      co_return State::make_response(std::move(*lease), std::move(*exchanged.head), request, options);
    bool again = exchanged.stale && may_repeat && freshness != Freshness::New;
    if (!again) co_return std::unexpected(exchanged.head.error());
    freshness = Freshness::New;
  }
}

}  // namespace hubward::http
