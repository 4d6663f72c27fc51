// SPDX-License-Identifier: Apache-2.0
// Rewriting links changes links and nothing else, however the bytes are cut. The first byte says how.
//
// aims at: src/hubspot/link_rewrite.cpp
// aims at: src/hubspot/paging_search.cpp
#include <algorithm>
#include <cstdint>
#include <string>

#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "core/json.hpp"
#include "hubspot/link_rewrite.hpp"
#include "hubspot/regions.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

constexpr std::string_view base = "https://gate.test/c/x", upstream = "127.0.0.1:9999";

struct Rewritten {
  std::string text;
  bool rewrote = false;
};

Rewritten rewrite(std::string_view body, std::size_t piece) {
  LinkRewriter rewriter([] { return LinkRewriter::Way{std::string(base), std::string(upstream)}; });
  Rewritten result;
  for (std::size_t passed = 0; passed < body.size(); passed += piece) {
    std::string alone(body.substr(passed, piece));
    result.text += rewriter.feed(alone);
    std::size_t seen = std::min(passed + piece, body.size());
    if (!rewriter.rewrote())
      invariant(seen - result.text.size() <= LinkRewriter::max_held, "little is held back");
  }
  result.text += rewriter.finish();
  result.rewrote = rewriter.rewrote();
  return result;
}

enum class Place { Elsewhere, Paging, Next };

std::string turned(std::string_view url) {
  for (std::string_view scheme : {"https://", "http://"}) {
    if (!same_ignoring_case(url.substr(0, scheme.size()), scheme)) continue;
    std::string_view rest = url.substr(scheme.size());
    std::size_t end = std::min(rest.find_first_of("/?#\\"), rest.size());
    std::string_view authority = rest.substr(0, end), host = authority;
    if (host.ends_with(":443")) host.remove_suffix(4);
    if (!same_ignoring_case(authority, upstream) && !is_hubspot_api_host(host)) continue;
    return std::string(base).append(rest.substr(end));
  }
  return std::string(url);
}

// What the caller should get, by the whole tree. A name counts only if the text spells it without escapes,
// which the tree does not tell.
Json expected(const Json& value, Place place) {
  if (value.is_array()) {
    Json items = Json::array();
    for (const Json& item : value.items()) items.push(expected(item, Place::Elsewhere));
    return items;
  }
  if (!value.is_object()) return value;
  Json members = Json::object();
  for (const auto& [name, member] : value.members()) {
    Place below = name == "paging" ? Place::Paging : Place::Elsewhere;
    if (place == Place::Paging && (name == "next" || name == "prev")) below = Place::Next;
    bool is_link = place == Place::Next && name == "link" && member.is_text();
    members.set(name, is_link ? Json(turned(*member.text())) : expected(member, below));
  }
  return members;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  Rewritten whole = rewrite(body, body.size() + 1), cut = rewrite(body, data[0] % 17U + 1U);
  invariant(whole.text == cut.text && whole.rewrote == cut.rewrote, "cuts do not matter");
  if (!whole.rewrote) invariant(whole.text == body, "what holds no link of ours passes as it is");
  const auto before = Json::parse(body), after = Json::parse(whole.text);
  invariant(before.has_value() == after.has_value(), "JSON stays JSON");
  bool plainly_spelled = body.find("\\u") == std::string_view::npos;
  if (before && plainly_spelled)
    invariant(*after == expected(*before, Place::Elsewhere), "the links change, and only they");
  return 0;
}
