// SPDX-License-Identifier: Apache-2.0
// One connection that a Listener accepted: reads a request, has it answered, writes the answer, and again.
// Owned by the task that runs it. For http/ only.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "async/loop.hpp"
#include "http/door.hpp"
#include "http/intake.hpp"
#include "http/message_writer.hpp"
#include "http/stream.hpp"

namespace hubward::http {

class ServerConnection {
 public:
  // `door` outlives the connection.
  ServerConnection(Loop& loop, int fd, Peer peer, Door& door, Admission::Place place);
  ~ServerConnection();

  // Until the connection is to be closed. `tls` may be null: plain.
  Async<void> run(std::shared_ptr<const TlsContext> tls);

  // No request after the one in flight; an idle connection ends at once.
  void drain();
  // A certificate that the client showed is judged anew when its next request comes.
  void judge_certificate_by(std::shared_ptr<const TlsContext> tls);
  // Ends every wait on the socket.
  void cancel() { stream_.cancel(); }

 private:
  class RequestBody;
  enum class Next { Request, Linger, Close };

  void stand(Expendable::As as);
  void leave_seats();
  void give_way();
  Async<bool> shake_hands();
  Async<bool> wait_for_turn();
  Async<Next> serve_one();
  Async<Stream::State> wait_for_request();
  Async<Next> answer(Request request, bool keep_alive);
  Async<Next> refuse(int status, std::string_view code, std::string_view message);
  Async<bool> write(Response response, bool is_head, bool keep_alive);
  Async<bool> drop_rest_of_body();
  Async<void> linger();
  Request make_request(RequestHead head);
  bool body_can_be_dropped() const;

  Door& door_;
  const Limits& limits_;
  Peer peer_;
  Admission::Place place_;
  Expendable::Seat seat_;                     // among all connections of the door,
  std::optional<Expendable::Seat> own_seat_;  // and among those of its address, unless that is shared
  std::shared_ptr<const TlsContext> tls_;     // null: plain; outlives the stream
  std::shared_ptr<const TlsContext> judge_;   // whose authorities have yet to judge the client's certificate
  Stream stream_;
  Intake intake_;
  MessageWriter writer_;
  RequestBody* body_ = nullptr;  // the one that reads from intake_, while it lives
  bool continue_owed_ = false;   // "100 Continue" has been asked for and not been sent
  bool body_broken_ = false;
  bool answered_before_ = false;
  bool served_before_ = false;  // with more than an error
  bool idle_ = true;            // nothing of a request has come yet
  bool draining_ = false;
};

}  // namespace hubward::http
