// SPDX-License-Identifier: Apache-2.0
#include "sandbox/shell.hpp"

#include <algorithm>

#include "async/await.hpp"
#include "sandbox/control.hpp"
#include "sandbox/router.hpp"

namespace hubward::sandbox {
namespace {

// Says that a refresh has been answered, when the answer is over: written, cut or given up.
class InFlight {
 public:
  InFlight(World& world, std::string grant) : world_(world), grant_(std::move(grant)) {}
  ~InFlight() {
    if (!grant_.empty()) world_.refresh_ended(grant_);
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  World& world_;
  std::string grant_;
};

// The body in pieces with pauses, and broken off in the middle when the delivery says so.
class DeliveredBody final : public http::Body {
 public:
  DeliveredBody(std::string text, Delivery delivery, std::unique_ptr<InFlight> in_flight)
      : text_(std::move(text)), delivery_(delivery), in_flight_(std::move(in_flight)) {
    end_ = delivery_.cut == Delivery::Cut::MidAnswer ? text_.size() / 2 : text_.size();
    piece_ = delivery_.piece_bytes == 0 ? text_.size() : delivery_.piece_bytes;
  }

  Async<Result<std::string_view>> next() override {
    if (at_ > 0 && at_ < text_.size() && delivery_.pause.count() > 0)
      co_await sleep_until(after(delivery_.pause));
    if (at_ == end_) {
      if (end_ == text_.size()) co_return std::string_view();
      // Lets what was written before get onto the wire.
      co_await yield();
      co_return failure("SANDBOX_CUT", Fault::Us, Retry::Never, "a fault cuts this answer off");
    }
    std::string_view piece = std::string_view(text_).substr(at_, std::min(piece_, end_ - at_));
    at_ += piece.size();
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return text_.size(); }
  // Pieces with pauses between them must not be gathered into one write.
  bool ready() const override { return delivery_.cut == Delivery::Cut::None && delivery_.pause.count() == 0; }

 private:
  std::string text_;
  Delivery delivery_;
  std::unique_ptr<InFlight> in_flight_;
  std::size_t at_ = 0, end_ = 0, piece_ = 0;
};

Call call_of(const http::Request& request, std::string body) {
  Call call;
  call.method = request.method;
  call.path = request.path();
  call.query = request.query();
  for (std::size_t i = 0; i < request.fields.size(); ++i)
    call.fields.emplace_back(request.fields[i].name, request.fields[i].value);
  call.body = std::move(body);
  return call;
}

// A fault or a registered address may hold bytes that a field cannot.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

http::Response response_of(const Answer& answer) {
  http::Response response;
  response.status = answer.status;
  for (const auto& [name, value] : answer.fields) response.fields.add(printable(name), printable(value));
  return response;
}

bool is_this_machine(std::string_view host) {
  std::string_view name =
      host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
}

}  // namespace

Async<http::Response> serve_api(World& world, http::Request request) {
  Result<std::string> body = co_await http::read_all(std::move(request.body), largest_body);
  if (!body) {
    http::Response broken = http::text_response(400, "text/plain", body.error().message + "\n");
    broken.then = http::Response::Then::Close;
    co_return broken;
  }
  Answer answer = handle(world, call_of(request, *std::move(body)));
  auto in_flight = std::make_unique<InFlight>(world, answer.refresh_of);
  if (answer.delivery.delay.count() > 0) co_await sleep_until(after(answer.delivery.delay));
  http::Response response = response_of(answer);
  if (answer.delivery.cut == Delivery::Cut::WithoutAnswer) {
    response.then = http::Response::Then::Abort;
    co_return response;
  }
  if (answer.delivery.cut == Delivery::Cut::AfterAnswer) response.then = http::Response::Then::Close;
  if (!answer.body.empty())
    response.body =
        std::make_unique<DeliveredBody>(std::move(answer.body), answer.delivery, std::move(in_flight));
  co_return response;
}

Async<http::Response> serve_control(World& world, http::Request request) {
  Result<std::string> body = co_await http::read_all(std::move(request.body), largest_state);
  if (!body) co_return http::text_response(400, "text/plain", body.error().message + "\n");
  Call call = call_of(request, *std::move(body));
  // A web page must not be able to reach this port through somebody's browser.
  if (!call.field("Origin").empty() || !is_this_machine(call.field("Host")))
    co_return http::text_response(403, "text/plain", "the control port is for programs on this machine\n");
  Answer answer = handle_control(world, call);
  http::Response response = response_of(answer);
  if (!answer.body.empty()) response.body = http::text_body(std::move(answer.body));
  co_return response;
}

}  // namespace hubward::sandbox
