// SPDX-License-Identifier: Apache-2.0
// What all connections of one door share. Outlives them; a resource of one loop. For http/ only.
#pragma once

#include <memory>

#include "http/admission.hpp"
#include "http/door_figures.hpp"
#include "http/expendable.hpp"
#include "http/listener.hpp"
#include "http/turnstile.hpp"

namespace hubward::http {

struct Door {
  Door(Loop& loop, const Limits& within, Listener::Handler with, std::shared_ptr<DoorFigures> counted)
      : limits(within),
        handler(std::move(with)),
        figures(std::move(counted)),
        admission(limits.admission),
        aside(loop) {}

  const Limits limits;
  const Listener::Handler handler;
  const std::shared_ptr<DoorFigures> figures;  // null: nobody counts
  Admission admission;
  // Handshakes, and words to whoever was too slow: what others need not wait out, up to half a millisecond
  // each.
  Turnstile aside;
  Expendable expendable;

  void cut(DoorFigures::Cut why) const {
    if (figures) figures->cut(why);
  }
};

}  // namespace hubward::http
