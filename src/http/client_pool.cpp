// SPDX-License-Identifier: Apache-2.0
#include "http/client_pool.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "async/await.hpp"

namespace hubward::http {

namespace {

std::unexpected<Error> cannot_connect(const Origin& origin, const std::string& why) {
  return failure("UPSTREAM_CONNECT", Fault::Network, Retry::Later,
                 "cannot connect to " + to_string(origin) + ": " + why);
}

std::string words_for(Stream::State state, const Stream& stream) {
  switch (state) {
    case Stream::State::TimedOut: return "TLS was not set up in time";
    case Stream::State::Closed:
    case Stream::State::Cancelled: return "the connection was closed while TLS was set up";
    case Stream::State::Ok:
    case Stream::State::Answered:
    case Stream::State::Broken: break;
  }
  return "TLS failed (" + stream.trouble() + ")";
}

}  // namespace

void ClientConnection::release() {
  intake.release();
  writer.release();
  stream.release();
  has_buffers = false;
}

ClientPools::Lease::Lease(std::shared_ptr<ClientPools> pools, std::shared_ptr<Pool> pool,
                          std::unique_ptr<ClientConnection> connection)
    : pools_(std::move(pools)), pool_(std::move(pool)), connection_(std::move(connection)) {}

ClientPools::Lease::~Lease() {
  if (!pools_) return;
  connection_.reset();
  pools_->gone(*pool_);
}

void ClientPools::Lease::keep() {
  std::shared_ptr<ClientPools> pools = std::move(pools_);
  pools->keep(std::move(pool_), std::move(connection_));
}

ClientPools::ClientPools(Loop& loop, ClientOptions options, std::shared_ptr<const TlsContext> tls)
    : loop_(loop), options_(std::move(options)), tls_(std::move(tls)), names_(loop), stop_sweeping_(loop) {}

void ClientPools::gone(Pool& pool) {
  --pool.open;
  --open_;
  pool.freed.notify_one();
}

void ClientPools::close_idle(Pool& pool) {
  std::size_t count = pool.idle.size();
  pool.idle.clear();
  for (std::size_t i = 0; i < count; ++i) gone(pool);
}

std::unique_ptr<ClientConnection> ClientPools::take_idle(Pool& pool, Freshness freshness) {
  while (!pool.idle.empty()) {
    std::unique_ptr<ClientConnection> connection = std::move(pool.idle.back());
    pool.idle.pop_back();
    const Stream& stream = connection->stream;
    bool expired = connection->idle_since + options_.idle <= std::chrono::steady_clock::now();
    bool asks = freshness == Freshness::Proven || stream.may_have_news();
    if (!expired && !(asks && stream.has_news())) return connection;
    connection.reset();
    gone(pool);
  }
  return nullptr;
}

void ClientPools::keep(std::shared_ptr<Pool> pool, std::unique_ptr<ClientConnection> connection) {
  if (closed_ || pool->forgotten || options_.idle_per_pool == 0) {
    connection.reset();
    gone(*pool);
    return;
  }
  connection->intake.settle();
  connection->used_before = true;
  connection->has_buffers = true;
  connection->idle_since = std::chrono::steady_clock::now();
  pool->idle.push_back(std::move(connection));
  pool->freed.notify_one();
  if (next_sweep_ > after(options_.busy)) {
    next_sweep_ = Deadline::min();
    stop_sweeping_.notify();  // it looks again
  }
  if (std::exchange(sweeping_, true)) return;
  loop_.spawn(sweep(shared_from_this()));
}

std::shared_ptr<ClientPools::Pool> ClientPools::pool_of(std::string name, const Origin& origin) {
  if (auto found = pools_.find(KeyView{name, origin}); found != pools_.end()) return found->second;
  auto pool = std::make_shared<Pool>(loop_);
  pools_.emplace(Key(std::move(name), origin), pool);
  return pool;
}

Async<Result<ClientPools::Lease>> ClientPools::acquire(std::string pool_name, Origin origin,
                                                       Freshness freshness, Deadline deadline) {
  std::shared_ptr<Pool> pool = pool_of(std::move(pool_name), origin);
  if (freshness == Freshness::New) {
    close_idle(*pool);  // one of them was stale: so are, most likely, the others
  } else if (std::unique_ptr<ClientConnection> kept = take_idle(*pool, freshness)) {
    return Async<Result<Lease>>::already(Lease(shared_from_this(), std::move(pool), std::move(kept)));
  }
  return connect_in(std::move(pool), std::move(origin), freshness, deadline);
}

Async<Result<ClientPools::Lease>> ClientPools::connect_in(std::shared_ptr<Pool> pool, Origin origin,
                                                          Freshness freshness, Deadline deadline) {
  while (pool->open >= options_.connections_per_pool) {
    bool freed = co_await pool->freed.wait(deadline);
    if (!freed) co_return cannot_connect(origin, "all connections of the pool were busy until the deadline");
    if (freshness == Freshness::New) {
      close_idle(*pool);
    } else if (std::unique_ptr<ClientConnection> kept = take_idle(*pool, freshness)) {
      co_return Lease(shared_from_this(), std::move(pool), std::move(kept));
    }
  }
  ++pool->open;
  ++open_;
  Lease lease(shared_from_this(), pool, nullptr);  // gives the place back if connecting fails
  Deadline end = std::min(deadline, after(options_.connect));
  Result<std::unique_ptr<ClientConnection>> connection = co_await connect(std::move(origin), end);
  if (!connection) co_return std::unexpected(connection.error());
  lease.connection_ = std::move(*connection);
  co_return std::move(lease);
}

Async<Result<std::unique_ptr<ClientConnection>>> ClientPools::connect(Origin origin, Deadline deadline) {
  Result<std::vector<SocketAddress>> addresses = co_await names_.find(origin.host, origin.port, deadline);
  if (!addresses) co_return std::unexpected(addresses.error());
  if (options_.may_connect)
    std::erase_if(*addresses, [this](const auto& one) { return !options_.may_connect(to_text(one)); });
  if (addresses->empty())
    co_return failure("UPSTREAM_ADDRESS", Fault::Network, Retry::Later,
                      origin.host + " has no address that may be called from here");
  Result<int> fd = 0;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // An address that does not answer must leave time for those after it.
    Deadline now = std::chrono::steady_clock::now();
    auto share = std::max(deadline - now, Deadline::duration::zero()) / (addresses->size() - i);
    fd = co_await connect_socket((*addresses)[i], now + share);
    if (fd) break;
  }
  if (!fd) co_return cannot_connect(origin, fd.error().message);
  auto connection = std::make_unique<ClientConnection>(loop_, *fd);
  if (origin.scheme == Origin::Scheme::Http) co_return connection;

  std::shared_ptr<TlsSession>& session = sessions_[origin];
  if (!session) session = std::make_shared<TlsSession>();
  connection->session = session;
  Result<SslPtr> ssl = tls_->connect_on(connection->stream.tls_socket(), origin.host, connection->session);
  if (!ssl) co_return std::unexpected(ssl.error());
  Stream::State state = co_await connection->stream.start_tls(std::move(*ssl), deadline);
  if (state != Stream::State::Ok) {
    sessions_.erase(origin);
    co_return cannot_connect(origin, words_for(state, connection->stream));
  }
  co_return connection;
}

// The error's message says why only; the caller knows where.
Async<Result<int>> ClientPools::connect_socket(SocketAddress address, Deadline deadline) {
  auto refused = [](int trouble) {
    return failure("UPSTREAM_CONNECT", Fault::Network, Retry::Later,
                   std::generic_category().message(trouble));
  };
  int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) co_return refused(errno);
  int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  int started = ::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size);
  int trouble = started == 0 || errno == EINPROGRESS ? 0 : errno;
  Descriptor socket(loop_, fd);
  if (trouble != 0) co_return refused(trouble);
  if (started != 0) {
    Descriptor::Wait waited = co_await socket.ready(Descriptor::Direction::Write, deadline);
    if (waited != Descriptor::Wait::Ready) co_return refused(ETIMEDOUT);
    socklen_t size = sizeof trouble;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &trouble, &size);
    if (trouble != 0) co_return refused(trouble);
  }
  co_return socket.release();
}

void ClientPools::forget(std::string_view pool_name) {
  auto is_of = [&](const auto& entry) { return entry.first.first == pool_name; };
  for (auto& [key, pool] : pools_) {
    if (key.first != pool_name) continue;
    pool->forgotten = true;  // what is lent out is closed when it comes back
    close_idle(*pool);
  }
  std::erase_if(pools_, is_of);
}

void ClientPools::close() {
  closed_ = true;
  for (auto& [key, pool] : pools_) close_idle(*pool);
  stop_sweeping_.notify();
  // An exchange that the loop drops only when it goes keeps these pools until then.
  names_.stop();
}

// When the one that has been idle longest is to be closed.
Deadline ClientPools::end_of_oldest(const Pool& pool) const {
  std::chrono::milliseconds patience = options_.idle;
  if (pool.idle.size() > options_.idle_per_pool) patience = std::min(patience, options_.busy);
  return pool.idle.front()->idle_since + patience;
}

// Closes what has been idle too long, and takes its buffers from what has been idle for a moment; when to
// look again.
Deadline ClientPools::tend_idle() {
  Deadline now = std::chrono::steady_clock::now();
  Deadline next = Deadline::max();
  for (auto& [key, pool] : pools_) {
    while (!pool->idle.empty() && end_of_oldest(*pool) <= now) {
      pool->idle.erase(pool->idle.begin());
      gone(*pool);
    }
    if (!pool->idle.empty()) next = std::min(next, end_of_oldest(*pool));
    for (const auto& one : pool->idle) {
      if (!one->has_buffers) continue;
      if (one->idle_since + options_.busy <= now)
        one->release();
      else
        next = std::min(next, one->idle_since + options_.busy);
    }
  }
  std::erase_if(pools_,
                [](const auto& entry) { return entry.second->open == 0 && entry.second.use_count() == 1; });
  return next;
}

Async<void> ClientPools::sweep(std::shared_ptr<ClientPools> self) {
  Deadline next = self->tend_idle();
  while (!self->closed_ && next != Deadline::max()) {
    self->next_sweep_ = next;
    co_await self->stop_sweeping_.wait(next);
    next = self->tend_idle();
  }
  self->sweeping_ = false;
}

}  // namespace hubward::http
