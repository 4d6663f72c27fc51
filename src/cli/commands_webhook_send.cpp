// SPDX-License-Identifier: Apache-2.0
// webhook send: signs samples as HubSpot does and posts them. Needs no gateway.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"
#include "hubspot/signature.hpp"
#include "hubspot/webhook_samples.hpp"

namespace hubward::cli {
namespace {

using hubspot::SignatureVersion;

constexpr std::uint64_t most_sent = 10'000;

// What is told apart from every other sample by its eventId: a sample that is sent again is another event.
std::vector<std::string> bodies(const Session::Words& words, TimePoint now) {
  std::vector<std::string_view> kinds;
  if (words.all) {
    auto all = hubspot::subscription_kinds();
    kinds.assign(all.begin(), all.end());
  } else {
    kinds.emplace_back(words.kind);
  }
  std::vector<std::string> events;
  std::uint64_t first = static_cast<std::uint64_t>(to_millis(now)) * 1000;
  for (std::uint64_t round = 0; round < words.times; ++round)
    for (std::string_view kind : kinds)
      events.push_back(
          "[" + hubspot::sample_json({.kind = kind, .event = first + events.size(), .occurred = now}) + "]");
  return events;
}

std::optional<SignatureVersion> version_for(const Session::Words& words, const WebhookKeys& keys) {
  if (words.version == "v1") return SignatureVersion::V1;
  if (words.version == "v2") return SignatureVersion::V2;
  if (words.version == "v3") return SignatureVersion::V3;
  for (SignatureVersion version : {SignatureVersion::V3, SignatureVersion::V1, SignatureVersion::V2})
    if (keys.policy.accepted.has(version)) return version;
  return std::nullopt;
}

Post signed_post(const std::string& url, SignatureVersion version, const Secret& secret, std::string body,
                 TimePoint now) {
  Post post{.url = url, .body = std::move(body)};
  post.fields.emplace_back("Content-Type", "application/json");
  std::string timestamp = std::to_string(to_millis(now));
  bool third = version == SignatureVersion::V3;
  std::string signed_url = third ? hubspot::decoded_for_signing(url) : url;
  std::string signature = hubspot::signature_of(version, secret, {"POST", signed_url, post.body}, timestamp);
  post.fields.emplace_back(third ? hubspot::signature_field::v3 : hubspot::signature_field::older, signature);
  if (third) {
    post.fields.emplace_back(hubspot::signature_field::timestamp, timestamp);
  } else {
    post.fields.emplace_back(hubspot::signature_field::version, hubspot::to_text(version));
  }
  return post;
}

std::string sent_text(const Json& answer) {
  std::string text =
      table(answer["sent"], {{"KIND", "kind"}, {"STATUS", "status"}, {"", "trouble"}}, "Nothing was sent.");
  return text + fmt::format("{} of {} accepted by {}\n", shown(answer["accepted"]),
                            answer["sent"].items().size(), shown(answer["url"]));
}

int report(const Session& session, const std::string& url, const std::vector<std::string>& kinds,
           const std::vector<Result<int>>& statuses) {
  Json sent = Json::array();
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    bool good = statuses[i] && *statuses[i] / 100 == 2;
    accepted += good ? 1 : 0;
    sent.push(Json::object({{"kind", kinds[i]},
                            {"status", statuses[i] ? Json(*statuses[i]) : Json()},
                            {"trouble", statuses[i] ? Json() : Json(statuses[i].error().message)}}));
  }
  session.print(Json::object({{"url", url}, {"accepted", accepted}, {"sent", std::move(sent)}}), sent_text);
  return accepted == statuses.size() ? Done : Failed;
}

int send(const Session& session) {
  const Session::Words& words = session.words;
  if (!words.all && !hubspot::is_subscription_kind(words.kind)) {
    session.complain(fmt::format("HubSpot has no kind of event named {}; there are: {}",
                                 json_quoted(words.kind), fmt::join(hubspot::subscription_kinds(), ", ")));
    return WrongUse;
  }
  Result<WebhookKeys> keys = session.house.webhook_keys(session.config_file, words.app);
  if (!keys) return session.complain(keys.error());
  if (!keys->current)
    return session.complain(fmt::format("[apps.{}] has no client_secret to sign with", words.app));
  auto version = version_for(words, *keys);
  if (!version)
    return session.complain(fmt::format("[apps.{}] accepts no version of HubSpot's signature", words.app));

  std::string url = words.to.empty() ? keys->public_url + "/hooks/" + words.app : words.to;
  TimePoint now = SystemClock().now();
  std::vector<Post> posts;
  std::vector<std::string> kinds;
  for (std::string& body : bodies(words, now)) {
    const Json event = Json::parse(body).value();
    kinds.push_back(event.items().front()["subscriptionType"].text_or(""));
    posts.push_back(signed_post(url, *version, *keys->current, std::move(body), now));
  }
  Result<std::vector<Result<int>>> statuses = session.house.post(std::move(posts), words.certificate);
  if (!statuses) return session.complain(statuses.error());
  return report(session, url, kinds, *statuses);
}

}  // namespace

void add_send_command(CLI::App& webhooks, Session& session) {
  CLI::App* sending =
      command(webhooks, session, "send",
              "Sign a sample of an event as HubSpot does and post it, to try the door or a receiver",
              "hubward webhook send --app crm --all --ca .hubward/tls/ca.pem");
  Session::Words& words = session.words;
  sending->add_option("--app", words.app, "The app whose client secret signs")->required();
  sending->add_option("--kind", words.kind, "Of which kind the event is")->capture_default_str();
  sending->add_flag("--all", words.all, "One of every kind that HubSpot has");
  sending->add_option("--count", words.times, "How many times")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, most_sent));
  sending->add_option("--to", words.to, "Where to; without it the app's address at the public door")
      ->type_name("URL");
  sending->add_option("--version", words.version, "How to sign; without it the best that the app accepts")
      ->check(CLI::IsMember({"v1", "v2", "v3"}));
  sending
      ->add_option("--ca", words.certificate, "File with an authority, PEM, to trust besides the machine's")
      ->type_name("FILE");
  sending->callback([&session] { session.chosen = [&session] { return send(session); }; });
}

}  // namespace hubward::cli
