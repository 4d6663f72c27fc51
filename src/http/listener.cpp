// SPDX-License-Identifier: Apache-2.0
#include "http/listener.hpp"

#include <unistd.h>

#include <malloc.h>
#include <algorithm>
#include <cerrno>
#include <unordered_set>
#include <utility>

#include "async/await.hpp"
#include "http/door.hpp"
#include "http/listening_socket.hpp"
#include "http/server_connection.hpp"

namespace hubward::http {

namespace {

using namespace std::chrono_literals;

// When the process has no descriptors or memory left, accepting again at once would only spin.
constexpr auto accept_pause = 100ms;
// How much longer than its life a ticket's key may stay at a door where nobody shakes hands.
constexpr auto ticket_key_check = 5min;
// Connections accepted before others get their turn.
constexpr int accept_round = 64;
// A door that had so many connections open, and lost half of them, gives memory back to the machine: glibc
// keeps what lies between living blocks, and after a storm that is most of it (docs/decisions/).
constexpr std::size_t storm = 1000;

ServerTls files_of(const TlsServer& tls) {
  return {.certificate_file = tls.certificate_file,
          .key_file = tls.key_file,
          .only_tls13 = tls.only_tls13,
          .asks_for_certificate = tls.asks_for_certificate,
          .client_authority_file = tls.client_authority_file,
          .strict_transport_seconds = tls.strict_transport_seconds};
}

}  // namespace

Result<CertificateFacts> try_certificate(const TlsServer& tls) {
  Result<std::shared_ptr<TlsContext>> made = TlsContext::for_server(files_of(tls));
  if (!made) return std::unexpected(made.error());
  return (*made)->certificate();
}

struct Listener::State {
  State(Loop& on, int fd, Endpoint at, const Limits& within, Handler with,
        std::shared_ptr<DoorFigures> figures)
      : loop(on),
        endpoint(std::move(at)),
        door(on, within, std::move(with), std::move(figures)),
        socket(std::make_unique<Descriptor>(on, fd)),
        port(bound_port(fd)),
        all_closed(on) {}

  Loop& loop;
  const Endpoint endpoint;
  Door door;
  std::optional<ServerTls> tls_files;
  std::shared_ptr<const TlsContext> tls;  // null: plain
  std::unique_ptr<Descriptor> socket;     // null once we stopped accepting
  const std::uint16_t port;
  std::size_t connections = 0;  // accepted and not yet closed
  std::size_t high_water = 0;   // most of them since memory was given back
  std::unordered_set<ServerConnection*> open;
  Signal all_closed;

  static Async<void> accept_all(std::shared_ptr<State> self);
  static Async<void> serve(std::shared_ptr<State> self, int fd, Peer peer, Admission::Place place);
  void receive(int fd, Peer peer, std::shared_ptr<State> self);
  void stop_accepting();
  void give_memory_back();
};

Async<void> Listener::State::serve(std::shared_ptr<State> self, int fd, Peer peer, Admission::Place place) {
  {
    ServerConnection connection(self->loop, fd, std::move(peer), self->door, std::move(place));
    struct Listed {
      Listed(State& in, ServerConnection& one) : state(in), listed(one) { state.open.insert(&listed); }
      ~Listed() { state.open.erase(&listed); }
      Listed(const Listed&) = delete;
      Listed& operator=(const Listed&) = delete;
      State& state;
      ServerConnection& listed;
    } listed(*self, connection);
    co_await connection.run(self->tls);
  }
  if (self->door.figures) self->door.figures->closed();
  --self->connections;
  if (self->high_water >= storm && self->connections <= self->high_water / 2) self->give_memory_back();
  if (self->connections == 0) self->all_closed.notify();
}

void Listener::State::give_memory_back() {
  high_water = connections;
  ::malloc_trim(0);
}

void Listener::State::receive(int fd, Peer peer, std::shared_ptr<State> self) {
  using Cut = DoorFigures::Cut;
  SteadyPoint now = std::chrono::steady_clock::now();
  auto place = door.admission.arrive(peer.address, now);
  // A full door lets one go that harms nobody, if there is one. It counts until its task has ended.
  bool full = place && !place->took_over() && connections >= door.limits.connections &&
              !door.expendable.make_room(Expendable::Grace::Bent, now);
  if (!place || full) {
    door.cut(full ? Cut::DoorFull : Cut::AddressFull);
    ::close(fd);
    return;
  }
  high_water = std::max(high_water, ++connections);
  if (door.figures) door.figures->opened();
  loop.spawn(serve(std::move(self), fd, std::move(peer), std::move(*place)));
}

Async<void> Listener::State::accept_all(std::shared_ptr<State> self) {
  while (self->socket) {
    if (self->tls) self->tls->age_ticket_keys(std::chrono::steady_clock::now());
    int accepted_now = 0;
    Accepted accepted = accept_from(self->socket->fd());
    for (; accepted.fd >= 0; accepted = accept_from(self->socket->fd())) {
      self->receive(accepted.fd, std::move(accepted.peer), self);
      if (++accepted_now % accept_round == 0) co_await yield();
      if (!self->socket) co_return;
    }
    bool exhausted = accepted.trouble == EMFILE || accepted.trouble == ENFILE ||
                     accepted.trouble == ENOBUFS || accepted.trouble == ENOMEM;
    if (exhausted) {
      co_await sleep_until(after(accept_pause));
    } else if (accepted.trouble == EAGAIN || accepted.trouble == EWOULDBLOCK) {
      Deadline end = self->tls ? after(ticket_key_check) : Deadline::max();
      Descriptor::Wait waited = co_await self->socket->ready(Descriptor::Direction::Read, end);
      if (waited == Descriptor::Wait::Cancelled) co_return;
    } else {
      co_await yield();  // a connection that was gone before it was accepted
    }
  }
}

void Listener::State::stop_accepting() {
  if (!socket) return;
  socket->cancel();
  // The task that waits on it ends by itself; the address is free from here on.
  socket.reset();
  if (!endpoint.socket_path.empty()) ::unlink(endpoint.socket_path.c_str());
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  state_->stop_accepting();
  for (ServerConnection* connection : state_->open) connection->cancel();
}

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, Endpoint endpoint, std::optional<TlsServer> tls,
                                                 Limits limits, Handler handler,
                                                 std::shared_ptr<DoorFigures> figures) {
  std::shared_ptr<const TlsContext> context;
  std::optional<ServerTls> files;
  if (tls) {
    files = files_of(*tls);
    Result<std::shared_ptr<TlsContext>> made = TlsContext::for_server(*files);
    if (!made) return std::unexpected(made.error());
    context = *made;
  }
  Result<int> fd = listen_on(endpoint);
  if (!fd) return std::unexpected(fd.error());
  auto state =
      std::make_shared<State>(loop, *fd, std::move(endpoint), limits, std::move(handler), std::move(figures));
  state->tls_files = std::move(files);
  state->tls = std::move(context);
  loop.spawn(State::accept_all(state));
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

std::uint16_t Listener::port() const {
  return state_->port;
}

Result<void> Listener::reload_certificate() {
  if (!state_->tls_files) return {};
  Result<std::shared_ptr<TlsContext>> made = TlsContext::for_server(*state_->tls_files);
  if (!made) return std::unexpected(made.error());
  TimePoint now = SystemClock().now();
  const CertificateFacts& shown = (*made)->certificate();
  if (!shown.valid_at(now) && state_->tls->certificate().valid_at(now))
    return invalid("CERTIFICATE_INVALID", "the certificate in " + state_->tls_files->certificate_file +
                                              " is good from " + to_iso8601(shown.not_before) + " to " +
                                              to_iso8601(shown.not_after) + ", which is not now");
  state_->tls->forget_ticket_keys();  // its connections may keep the old context for long
  state_->tls = *made;
  for (ServerConnection* connection : state_->open) connection->judge_certificate_by(state_->tls);
  return {};
}

const CertificateFacts* Listener::certificate() const {
  return state_->tls ? &state_->tls->certificate() : nullptr;
}

Async<void> Listener::drain(Deadline deadline) {
  std::shared_ptr<State> state = state_;
  state->stop_accepting();
  // A connection may end, and leave the set, only while this task waits.
  for (ServerConnection* connection : state->open) connection->drain();
  while (state->connections > 0) {
    bool all_closed = co_await state->all_closed.wait(deadline);
    if (!all_closed) break;
  }
  for (ServerConnection* connection : state->open) connection->cancel();
}

}  // namespace hubward::http
