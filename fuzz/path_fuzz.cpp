// SPDX-License-Identifier: Apache-2.0
// A path that is let in stays what it is: canonical of canonical is itself, and both are the same operation
// with the same parameters, whose template the path fits. The first line of the input is the method, the rest
// the target.
//
// aims at: src/hubspot/path.cpp
// aims at: src/hubspot/catalogue.cpp but effect_named operations named
// also uses: policy
#include <cstdint>
#include <string>
#include <vector>

#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "policy/decide.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

void check_sent(const CanonicalPath& path) {
  invariant(path.sent().size() <= 3 * CanonicalPath::max_bytes, "encoding at most triples a path");
  for (char c : path.sent()) {
    invariant(static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F,
              "only visible ASCII is sent");
    invariant(c != ';' && c != '\\' && c != '?' && c != '#', "nothing is sent that servers read in two ways");
  }
  invariant(path.sent().find("//") == std::string::npos, "no empty segment is sent");
  invariant((path.sent() + "/").find("/./") == std::string::npos, "no dot segment is sent");
  invariant((path.sent() + "/").find("/../") == std::string::npos, "no dot segment is sent");
}

void check_same(const CanonicalPath& a, const CanonicalPath& b) {
  invariant(a.sent() == b.sent(), "canonical of canonical is itself");
  invariant(a.version() == b.version() && a.version_index() == b.version_index(), "the version stays");
  invariant(a.size() == b.size(), "the segments stay");
  for (std::size_t i = 0; i < a.size(); ++i) invariant(a.segment(i) == b.segment(i), "a segment stays");
}

// By the book: segment by segment, a literal is itself and a parameter has its value.
void check_template(const Match& match, const CanonicalPath& path) {
  std::vector<std::string_view> wanted = split(match.operation->path_template.substr(1), '/');
  invariant(match.operation->free_tail ? wanted.size() <= path.size() : wanted.size() == path.size(),
            "a template is as long as its path");
  std::size_t parameter = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].starts_with('{')) {
      invariant(path.segment(i) == wanted[i], "a literal is itself");
      continue;
    }
    bool tail = match.operation->free_tail && i + 1 == wanted.size();
    const Match::Parameter& found = match.parameters()[parameter++];
    invariant(found.value == (tail ? path.tail(i) : path.segment(i)), "a parameter has its value");
    invariant("{" + std::string(found.name) + "}" == wanted[i], "and its name");
  }
  invariant(parameter == match.parameters().size(), "no parameter is made up");
}

void check_match(const Catalogue& catalogue, std::string_view method, const CanonicalPath& a,
                 const CanonicalPath& b) {
  auto first = catalogue.find(method, a), second = catalogue.find(method, b);
  invariant(first.has_value() == second.has_value(), "both are found or neither");
  if (!first) {
    invariant(!to_sentence(first.error(), method, a).empty(), "a path that is not found is explained");
    return;
  }
  invariant(first->operation == second->operation, "both are the same operation");
  invariant(first->operation->method == method, "the method is the caller's");
  invariant(first->parameters().size() == second->parameters().size(), "with the same parameters");
  invariant(first->objects().size() <= 2, "on at most two object types");
  check_template(*first, a);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Catalogue catalogue = Catalogue::built_in();
  static const policy::Role role{{"r"}, policy::Mode::Enforce, {}};
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::size_t end = input.find('\n');
  if (end == std::string_view::npos) return 0;
  std::string_view method = input.substr(0, end), target = input.substr(end + 1);

  auto path = canonicalise(target.substr(0, target.find('?')));
  std::string text = policy::explain(role, catalogue, method, target);
  invariant(text.find("decision") != std::string::npos, "every call has a decision");
  invariant(text.find("decision   allowed") == std::string::npos, "a role without rules allows nothing");
  if (!path) {
    invariant(path.error().code == "PATH_REFUSED", "a path is refused for what it is");
    return 0;
  }
  check_sent(*path);
  auto again = canonicalise(path->sent());
  // Encoding can make a path longer than one may be; nothing else may keep it from being read again.
  if (!again && path->sent().size() > CanonicalPath::max_bytes) return 0;
  invariant(again.has_value(), "what is sent would be let in");
  check_same(*path, *again);
  check_match(catalogue, method, *path, *again);
  return 0;
}
