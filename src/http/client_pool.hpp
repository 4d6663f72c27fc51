// SPDX-License-Identifier: Apache-2.0
// Connections out, kept for the next request: the one used last is used first, so that the others age and are
// closed. Shared only within one pool name and one origin. A resource of one loop; for http/ only.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "async/loop.hpp"
#include "http/client.hpp"
#include "http/intake.hpp"
#include "http/message_writer.hpp"
#include "http/name_lookup.hpp"
#include "http/stream.hpp"

namespace hubward::http {

struct ClientConnection {
  ClientConnection(Loop& loop, int fd) : stream(loop, fd), intake(stream), writer(stream) {}

  std::shared_ptr<TlsSession> session;  // outlives the stream's TLS, which writes into it
  Stream stream;
  Intake intake;
  MessageWriter writer;
  // Gives back what is only needed while bytes move.
  void release();

  bool used_before = false;
  bool has_buffers = true;
  Deadline idle_since;
};

class ClientPools : public std::enable_shared_from_this<ClientPools> {
 public:
  struct Pool {
    explicit Pool(Loop& loop) : freed(loop) {}
    std::vector<std::unique_ptr<ClientConnection>> idle;  // the one used last stands last
    std::size_t open = 0;                                 // idle, lent or being connected
    Signal freed;
    bool forgotten = false;
  };

  // One connection, lent for one exchange. It is closed unless keep() says otherwise.
  class Lease {
   public:
    Lease(std::shared_ptr<ClientPools> pools, std::shared_ptr<Pool> pool,
          std::unique_ptr<ClientConnection> connection);
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    void keep();
    ClientConnection* operator->() const { return connection_.get(); }

   private:
    friend class ClientPools;
    std::shared_ptr<ClientPools> pools_;  // null once moved from
    std::shared_ptr<Pool> pool_;
    std::unique_ptr<ClientConnection> connection_;
  };

  // What a kept connection must have shown: that nothing has been heard of its end, that it has not ended, or
  // that there is none. The first costs no system call and is enough where a request may be repeated.
  enum class Freshness { Kept, Proven, New };

  ClientPools(Loop& loop, ClientOptions options, std::shared_ptr<const TlsContext> tls);

  Async<Result<Lease>> acquire(std::string pool_name, Origin origin, Freshness freshness, Deadline deadline);
  void forget(std::string_view pool_name);
  void close();
  std::size_t open() const { return open_; }
  const ClientOptions& options() const { return options_; }

 private:
  using Key = std::pair<std::string, Origin>;  // pool name, origin
  struct KeyView {
    std::string_view name;
    const Origin& origin;
  };
  struct KeyOrder {
    using is_transparent = void;
    static auto parts(const Key& key) { return std::tie(key.second, key.first); }
    static auto parts(const KeyView& key) { return std::tie(key.origin, key.name); }
    bool operator()(const auto& a, const auto& b) const { return parts(a) < parts(b); }
  };

  std::shared_ptr<Pool> pool_of(std::string name, const Origin& origin);
  std::unique_ptr<ClientConnection> take_idle(Pool& pool, Freshness freshness);
  Async<Result<Lease>> connect_in(std::shared_ptr<Pool> pool, Origin origin, Freshness freshness,
                                  Deadline deadline);
  Async<Result<std::unique_ptr<ClientConnection>>> connect(Origin origin, Deadline deadline);
  Async<Result<int>> connect_socket(SocketAddress address, Deadline deadline);
  void keep(std::shared_ptr<Pool> pool, std::unique_ptr<ClientConnection> connection);
  void gone(Pool& pool);
  void close_idle(Pool& pool);
  static Async<void> sweep(std::shared_ptr<ClientPools> self);
  Deadline end_of_oldest(const Pool& pool) const;
  Deadline tend_idle();

  Loop& loop_;
  const ClientOptions options_;
  const std::shared_ptr<const TlsContext> tls_;
  NameLookup names_;
  std::map<Key, std::shared_ptr<Pool>, KeyOrder> pools_;
  std::map<Origin, std::shared_ptr<TlsSession>> sessions_;
  Signal stop_sweeping_;
  Deadline next_sweep_ = Deadline::min();
  std::size_t open_ = 0;
  bool sweeping_ = false;
  bool closed_ = false;
};

}  // namespace hubward::http
