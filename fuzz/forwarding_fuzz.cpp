// SPDX-License-Identifier: Apache-2.0
// What goes on to the other side: no credential, cookie or word of where a call came from reaches HubSpot,
// nothing that speaks for our address reaches the caller, everything else passes as it came, and a Location
// that led to HubSpot leads to us. The input is a head's field lines; those named Location are tried as such.
//
// aims at: src/gateway/forwarding.cpp
// aims at: src/gateway/client_key.cpp
// aims at: src/http/message.cpp but text_body text_response read_all TextBody
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "core/invariant.hpp"
#include "crypto/fake_random.hpp"
#include "gateway/client_key.hpp"
#include "gateway/forwarding.hpp"
#include "http/grammar.hpp"
#include "hubspot/regions.hpp"

using namespace hubward;
using namespace hubward::gateway;

namespace {

constexpr std::string_view base = "https://gate.test/c/x";

http::Fields fields_from(std::string_view text) {
  http::Fields fields;
  for (std::string_view line : split(text, '\n')) {
    std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view name = line.substr(0, colon);
    std::string_view value = trimmed(line.substr(std::min(line.size(), colon + 1)));
    if (http::is_token(name) && http::is_field_value(value)) fields.add(name, value);
  }
  return fields;
}

// By the book: a linear look at every name, without regard to case.
std::size_t count(const http::Fields& fields, std::string_view name) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) found += lower(fields[i].name) == lower(name) ? 1 : 0;
  return found;
}

void check_subset(const http::Fields& before, const http::Fields& after, std::string_view but) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (same_ignoring_case(after[i].name, but)) continue;
    while (at < before.size() && (before[at].name != after[i].name || before[at].value != after[i].value))
      ++at;
    invariant(at < before.size(), "what passes, passes as it came and in its order");
    ++at;
  }
}

void check_to_hubspot(const http::Fields& given) {
  for (Encoding encoding : {Encoding::Identity, Encoding::AsAsked}) {
    http::Fields fields = given;
    prepare_for_hubspot(fields, encoding);
    for (std::string_view name :
         {"Authorization", "Cookie", "Forwarded", "X-Forwarded-For", "X-Real-IP", "Host", "hapikey",
          "X-HTTP-Method-Override", "Proxy-Authorization", "Origin"})
      invariant(count(fields, name) == 0, "nothing of this reaches HubSpot");
    invariant(count(fields, "Accept-Encoding") <= 1, "an encoding is asked for once");
    if (encoding == Encoding::Identity)
      invariant(fields.find("accept-encoding") == "identity", "what is read on its way is not encoded");
    check_subset(given, fields, "accept-encoding");
  }
}

void check_to_caller(const http::Fields& given) {
  http::Fields fields = given;
  prepare_for_caller(fields);
  for (std::string_view name : {"Set-Cookie", "Alt-Svc", "Strict-Transport-Security", "NEL", "Report-To"})
    invariant(count(fields, name) == 0, "nothing of this reaches the caller");
  check_subset(given, fields, "");
}

void check_location(const http::Fields& given) {
  http::Fields fields = given;
  const http::Origin upstream{http::Origin::Scheme::Https, "localhost", 9443};
  lead_back(fields, upstream, base);
  auto before = given.find("location"), after = fields.find("location");
  invariant(before.has_value() == after.has_value(), "a location is neither made nor lost");
  if (!before) return;
  if (*after != *before) {
    invariant(after->starts_with(base) && before->ends_with(after->substr(base.size())),
              "of a location only the front changes");
  } else if (std::string plain = lower(*before);
             plain.starts_with("https://api.hubapi.com/") || plain.starts_with("//localhost:9443/")) {
    invariant(false, "a location at HubSpot leads to us");
  }
  check_subset(given, fields, "location");
}

void check_key(std::string_view text) {
  bool by_the_book = text.size() == 64 && text.starts_with("hwk_") && text[20] == '_' &&
                     text.substr(4, 16).find_first_not_of("0123456789abcdef") == std::string_view::npos &&
                     std::ranges::all_of(text.substr(21), [](char c) {
                       return is_alpha(c) || is_digit(c) || c == '-' || c == '_';
                     });
  auto id = client_key_id(text);
  invariant(id.has_value() == by_the_book, "a client key is known by its shape");
  if (id) invariant(*id == text.substr(4, 16), "and named by its id");
  crypto::SeededRandom random(text.size());
  ClientKey made = make_client_key(random);
  invariant(client_key_id(made.text.reveal_text()) == made.id, "a key that is made has that shape");
  const crypto::HmacKey pepper(bytes_of("pepper"));
  Secret same(text);
  invariant((hash_client_key(pepper, made.text) == hash_client_key(pepper, same)) == made.text.same_as(same),
            "different keys have different hashes");
}

void check_fields(http::Fields fields) {
  if (fields.size() == 0) return;
  std::string name(fields[0].name), value(fields[0].value);
  std::size_t size = fields.size(), others = size - count(fields, name);
  invariant(fields.count(name) == size - others && fields.find(lower(name)) == value,
            "a field is found by its name");
  http::Fields copy = fields;
  std::optional<Secret> taken = copy.take_secret(name);
  invariant(taken && taken->reveal_text() == value && copy.size() == others, "a secret is taken out whole");
  invariant(!copy.take_secret(name), "and only once");
  http::Fields other;
  other.reserve(size);
  other.add("X-Other", "y");
  other = fields;
  invariant(other.size() == size && other.find(name) == value, "a copy is the same");
  copy = std::move(other);
  invariant(copy.size() == size && copy.find(name) == value, "and so is what it is moved to");
  fields.set(name, "x");
  invariant(fields.size() == others + 1 && fields.find(name) == "x",
            "a field is set in place of all of its name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  http::Fields fields = fields_from(text);
  check_to_hubspot(fields);
  check_to_caller(fields);
  check_location(fields);
  check_key(text);
  check_fields(std::move(fields));
  return 0;
}
