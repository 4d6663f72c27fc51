// SPDX-License-Identifier: Apache-2.0
#include "hubspot/signature_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/ascii.hpp"
#include "crypto/compare.hpp"

namespace hubward::hubspot {
namespace {

constexpr int most_changes = 2;

bool changes(const std::string& what) {
  return !what.empty();
}

struct SecretChoice {
  Secret secret;
  std::string what;
};

// A secret as a careless file or clipboard may hold it.
void add_careless(std::vector<SecretChoice>& choices, const Secret& secret, std::string_view name) {
  std::string_view text = secret.reveal_text(), bare = trimmed(text);
  while (bare.ends_with('\n') || bare.ends_with('\r')) bare = trimmed(bare.substr(0, bare.size() - 1));
  if (bare.size() != text.size() && !bare.empty())
    choices.push_back(
        {Secret(bare), fmt::format("{} has white space around it that does not belong to it", name)});
  Secret longer = Secret::of_size(text.size() + 1);
  std::ranges::copy(secret.reveal(), longer.writable().begin());
  longer.writable().back() = std::byte{'\n'};
  choices.push_back(
      {std::move(longer), fmt::format("the signature was made with {} and a line end after it", name)});
}

std::vector<SecretChoice> secret_choices(const SigningSecrets& secrets, std::span<const OtherSecret> others) {
  std::vector<SecretChoice> choices;
  for (const Secret* secret : {secrets.current, secrets.previous})
    if (secret != nullptr) choices.push_back({secret->clone(), ""});
  for (const OtherSecret& other : others)
    choices.push_back(
        {other.secret->clone(), fmt::format("it was signed with another secret, {}", other.name)});
  if (secrets.current != nullptr) add_careless(choices, *secrets.current, "client_secret");
  if (secrets.previous != nullptr) add_careless(choices, *secrets.previous, "previous_client_secret");
  return choices;
}

// The texts to put into a digest, as they are first, with no sentence.
struct Choices {
  std::vector<Variation> methods, urls, bodies;
};

void add_v3_forms(std::vector<Variation>& urls, const Variation& url) {
  for (std::string form :
       {decoded_for_signing(url.text), decoded_for_signing(with_upper_escapes(url.text)), url.text})
    if (urls.empty() || urls.back().text != form) urls.push_back({std::move(form), url.what});
}

Choices choices_for(SignatureVersion version, const Captured& captured) {
  const SignedRequest& request = captured.request;
  Choices choices;
  choices.methods.push_back({std::string(request.method), ""});
  choices.bodies.push_back({std::string(request.body), ""});
  for (Variation& body : other_bodies(request.body)) choices.bodies.push_back(std::move(body));
  if (version == SignatureVersion::V1) {  // which signs neither method nor URL
    choices.urls.push_back({std::string(request.url), ""});
    return choices;
  }
  for (Variation& method : other_methods(request.method)) choices.methods.push_back(std::move(method));
  std::vector<Variation> urls = {{std::string(request.url), ""}};
  for (Variation& url : other_urls(request.url, captured.hosts)) urls.push_back(std::move(url));
  if (version != SignatureVersion::V3) {
    choices.urls = std::move(urls);
  } else {
    for (const Variation& url : urls) add_v3_forms(choices.urls, url);
  }
  return choices;
}

class Search {
 public:
  Search(const Captured& captured, std::span<const std::byte> digest, std::vector<SecretChoice> secrets)
      : captured_(captured), digest_(digest), secrets_(std::move(secrets)) {}

  // Variations with exactly that many changes.
  bool among(SignatureVersion version, const Choices& choices, int count) {
    for (const SecretChoice& secret : secrets_)
      for (const Variation& method : choices.methods) {
        int left = count - changes(secret.what) - changes(method.what);
        if (left < 0) continue;
        for (const Variation& url : choices.urls)
          for (const Variation& body : choices.bodies) {
            if (changes(url.what) + changes(body.what) != left) continue;
            if (!spend(body.text.size())) return false;
            if (!fits(version, secret.secret, {method.text, url.text, body.text})) continue;
            outcome.found = SignatureFound{version, secret.what, method.what, url.what, body.what, url.text};
            return true;
          }
      }
    return false;
  }

  SearchOutcome outcome;

 private:
  bool spend(std::size_t bytes) {
    hashed_ += bytes;
    outcome.gave_up = hashed_ > most_bytes_hashed;
    return !outcome.gave_up;
  }
  bool fits(SignatureVersion version, const Secret& secret, const SignedRequest& request) const {
    return crypto::equal_in_constant_time(
        signature_digest(version, secret, request, captured_.fields.timestamp.value), digest_);
  }

  const Captured& captured_;
  std::span<const std::byte> digest_;
  std::vector<SecretChoice> secrets_;
  std::size_t hashed_ = 0;
};

}  // namespace

SearchOutcome search_signature(const Captured& captured, std::span<const std::byte> digest,
                               std::span<const SignatureVersion> versions, const SigningSecrets& secrets,
                               std::span<const OtherSecret> others) {
  std::vector<Choices> choices;
  choices.reserve(versions.size());
  for (SignatureVersion version : versions) choices.push_back(choices_for(version, captured));
  Search search(captured, digest, secret_choices(secrets, others));
  for (int count = 0; count <= most_changes; ++count)
    for (std::size_t i = 0; i < versions.size(); ++i)
      if (search.among(versions[i], choices[i], count) || search.outcome.gave_up)
        return std::move(search.outcome);
  return std::move(search.outcome);
}

}  // namespace hubward::hubspot
