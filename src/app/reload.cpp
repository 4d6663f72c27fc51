// SPDX-License-Identifier: Apache-2.0
#include "app/reload.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace hubward::app {
namespace {

// `limits`, with those of `from` that can be changed while the gateway runs.
UpstreamLimits with_changes(UpstreamLimits limits, const UpstreamLimits& from) {
  limits.answer = from.answer;
  limits.answer_body_bytes = from.answer_body_bytes;
  limits.repeatable_body_bytes = from.repeatable_body_bytes;
  return limits;
}

}  // namespace

std::string needs_restart(const Config& now, const Config& wanted) {
  std::string keys;
  auto compare = [&](bool same, std::string_view key) {
    if (!same) keys += fmt::format("{}{}", keys.empty() ? "" : ", ", key);
  };
  compare(now.store_dir == wanted.store_dir, "store_dir");
  compare(now.root_key == wanted.root_key && now.other_root_key == wanted.other_root_key, "root_key");
  compare(now.public_url == wanted.public_url, "public_url");
  compare(now.egress == wanted.egress, "[listen.egress]");
  compare(now.public_door == wanted.public_door, "[listen.public]");
  compare(now.admin.door == wanted.admin.door && now.admin.token.empty() == wanted.admin.token.empty(),
          "[listen.admin]");
  compare(now.limits == wanted.limits && now.upstream == with_changes(wanted.upstream, now.upstream),
          "[limits]");
  compare(now.webhooks.body_bytes == wanted.webhooks.body_bytes, "[webhooks] body_bytes");
  compare(now.log.format == wanted.log.format, "[log] format");
  compare(now.journal.commit_interval == wanted.journal.commit_interval &&
              now.journal.queue_records == wanted.journal.queue_records,
          "[journal]");
  return keys;
}

Config in_force(const Config& now, Config wanted) {
  wanted.store_dir = now.store_dir;
  wanted.root_key = now.root_key;
  wanted.other_root_key = now.other_root_key;
  wanted.public_url = now.public_url;
  wanted.egress = now.egress;
  wanted.public_door = now.public_door;
  wanted.admin.door = now.admin.door;
  if (now.admin.token.empty() != wanted.admin.token.empty()) wanted.admin.token = now.admin.token;
  wanted.limits = now.limits;
  wanted.upstream = with_changes(now.upstream, wanted.upstream);
  wanted.webhooks.body_bytes = now.webhooks.body_bytes;
  wanted.log.format = now.log.format;
  wanted.journal.commit_interval = now.journal.commit_interval;
  wanted.journal.queue_records = now.journal.queue_records;
  return wanted;
}

}  // namespace hubward::app
