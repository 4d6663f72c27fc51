// SPDX-License-Identifier: Apache-2.0
// Rewriting links changes links and nothing else, however the bytes are cut. The first byte says how.
#include <algorithm>
#include <cstdint>
#include <string>

#include "core/invariant.hpp"
#include "core/json.hpp"
#include "hubspot/link_rewrite.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

constexpr std::string_view base = "https://gate.test/c/x";

struct Rewritten {
  std::string text;
  bool rewrote = false;
};

Rewritten rewrite(std::string_view body, std::size_t piece) {
  LinkRewriter rewriter(base, "127.0.0.1:9999");
  Rewritten result;
  std::size_t passed = 0;
  for (; passed < body.size(); passed += piece) {
    rewriter.feed(body.substr(passed, piece), result.text);
    std::size_t seen = std::min(passed + piece, body.size());
    if (!rewriter.rewrote())
      invariant(seen - result.text.size() <= LinkRewriter::max_held, "little is held back");
  }
  rewriter.finish(result.text);
  result.rewrote = rewriter.rewrote();
  return result;
}

// Equal in everything but links, whose new text is the base and the end of the old one.
bool same_but_links(const Json& before, const Json& after) {
  if (before == after) return true;
  if (before.is_text() && after.is_text()) {
    std::string_view from = *before.text(), to = *after.text();
    return to.starts_with(base) && from.ends_with(to.substr(base.size()));
  }
  if (before.items().size() != after.items().size() || before.members().size() != after.members().size())
    return false;
  if (before.items().empty() && before.members().empty()) return false;
  for (std::size_t i = 0; i < before.items().size(); ++i) {
    if (!same_but_links(before.items()[i], after.items()[i])) return false;
  }
  for (std::size_t i = 0; i < before.members().size(); ++i) {
    const auto& [old_name, old_value] = before.members()[i];
    const auto& [name, value] = after.members()[i];
    if (old_name != name || !same_but_links(old_value, value)) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  Rewritten whole = rewrite(body, body.size() + 1), cut = rewrite(body, data[0] % 17U + 1U);
  invariant(whole.text == cut.text && whole.rewrote == cut.rewrote, "cuts do not matter");
  if (!whole.rewrote) {
    invariant(whole.text == body, "what holds no link of ours passes as it is");
    return 0;
  }
  const auto before = Json::parse(body), after = Json::parse(whole.text);
  invariant(before.has_value() == after.has_value(), "JSON stays JSON");
  if (before) invariant(same_but_links(*before, *after), "only links change");
  return 0;
}
