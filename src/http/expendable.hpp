// SPDX-License-Identifier: Apache-2.0
// Connections that could be closed without harm to a request, for when a door is full: the one that has kept
// us waiting longest goes first, and one that was never served before one that was. A resource of one loop;
// for http/ only.
#pragma once

#include <list>

namespace hubward::http {

class ServerConnection;

class Expendable {
 public:
  enum class As { Newcomer, Idle };  // owes us its first request; was served, and pauses

  // A connection's own seat; it stands in a line or in none. Dies before the Expendable.
  class Seat {
   public:
    Seat(Expendable& of, ServerConnection& connection) : of_(of), own_{&connection}, node_(own_.begin()) {}
    ~Seat() { leave(); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    // At the end of that line; one that stands there already keeps its place.
    void stand(As as);
    void leave();

   private:
    Expendable& of_;
    std::list<ServerConnection*> own_;  // one node, spliced to and fro: no allocation on the way of a request
    std::list<ServerConnection*>::iterator node_;
    std::list<ServerConnection*>* line_ = nullptr;
  };

  // Who goes first; null when everybody is busy.
  ServerConnection* first() const;

 private:
  std::list<ServerConnection*> newcomers_;
  std::list<ServerConnection*> idle_;
};

}  // namespace hubward::http
