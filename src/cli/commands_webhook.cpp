// SPDX-License-Identifier: Apache-2.0
// webhook verify: whether a captured request is HubSpot's. Needs no gateway.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <optional>
#include <utility>

#include "cli/captured_request.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"
#include "hubspot/signature_diagnosis.hpp"
#include "keys/secret_source.hpp"

namespace hubward::cli {
namespace {

int wrong_use(const Session& session, std::string_view sentence) {
  session.complain(sentence);
  return WrongUse;
}

Result<std::string> bytes_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(max_captured_bytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) return invalid("FILE_UNREADABLE", path + " cannot be read");
  if (bytes.size() > max_captured_bytes)
    return invalid("FILE_TOO_LONG", fmt::format("{} is longer than {} bytes", path, max_captured_bytes));
  return bytes;
}

// The file's request, with what the flags say in place of what it says.
Result<CapturedRequest> captured(const Session& session) {
  const Session::Words& words = session.words;
  CapturedRequest request;
  if (!words.path.empty()) {
    Result<std::string> bytes = bytes_of_file(words.path);
    if (!bytes) return std::unexpected(bytes.error());
    Result<CapturedRequest> read = read_captured(*bytes);
    if (!read) return while_doing(words.path, read.error());
    request = std::move(*read);
  }
  if (!words.method.empty()) request.method = words.method;
  if (request.method.empty()) request.method = "POST";
  for (const std::string& line : words.fields) {
    auto field = read_field(line);
    if (!field) return invalid("FIELD_INVALID", "--header must be like \"Name: value\"");
    request.fields.push_back(std::move(*field));
  }
  if (words.body_file.empty()) return request;
  Result<std::string> body = bytes_of_file(words.body_file);
  if (!body) return std::unexpected(body.error());
  request.body = std::move(*body);
  return request;
}

// From the configuration's app, or from --secret-from with every version accepted.
Result<WebhookKeys> keys_for(const Session& session) {
  const Session::Words& words = session.words;
  WebhookKeys keys;
  keys.policy.accepted = {.v1 = true, .v2 = true, .v3 = true};
  if (!words.app.empty()) {
    Result<WebhookKeys> configured = session.house.webhook_keys(session.config_file, words.app);
    if (!configured) return configured;
    keys = std::move(*configured);
  }
  if (words.secret_source.empty()) return keys;
  Result<keys::SecretSource> source = keys::SecretSource::parse(words.secret_source);
  if (!source) return while_doing("--secret-from", source.error());
  Result<Secret> secret = keys::read_secret(*source);
  if (!secret) return while_doing("--secret-from", secret.error());
  keys.current = std::move(*secret);
  keys.previous.reset();
  return keys;
}

// Never from Host or a forwarding field: whoever sends a request chooses those.
std::string url_of(const Session& session, const CapturedRequest& request, const WebhookKeys& keys) {
  if (!session.words.url.empty()) return session.words.url;
  if (request.target.starts_with("https://") || request.target.starts_with("http://")) return request.target;
  return keys.public_url.empty() || request.target.empty() ? "" : keys.public_url + request.target;
}

Json parts_of(const hubspot::Diagnosis& diagnosis) {
  Json parts = Json::array();
  for (const hubspot::Finding& finding : diagnosis.findings)
    parts.push(Json::object({{"part", hubspot::to_text(finding.part)},
                             {"state", hubspot::to_text(finding.state)},
                             {"what", finding.what}}));
  return parts;
}

Json answer_of(const hubspot::Diagnosis& diagnosis, const hubspot::Captured& captured, TimePoint now,
               const std::vector<std::string>& notes) {
  const hubspot::Verdict& verdict = diagnosis.verdict;
  Json answer = Json::object({{"genuine", verdict.has_value()}});
  if (verdict) {
    answer.set("version", hubspot::to_text(verdict->version));
    answer.set("secret", verdict->secret == hubspot::WhichSecret::Current ? "current" : "previous");
  } else {
    answer.set("reason", hubspot::to_text(verdict.error().trouble));
    answer.set("message", verdict.error().message);
  }
  answer.set("parts", parts_of(diagnosis));
  answer.set("hint", diagnosis.hint.empty() ? Json() : Json(diagnosis.hint));
  answer.set("method", captured.request.method);
  answer.set("url", captured.request.url);
  answer.set("body_bytes", captured.request.body.size());
  answer.set("at", to_iso8601(now));
  Json all = Json::array();
  for (const std::string& note : notes) all.push(note);
  answer.set("notes", std::move(all));
  return answer;
}

std::string answer_text(const Json& answer) {
  bool genuine = answer["genuine"].boolean().value_or(false);
  std::string text =
      genuine ? fmt::format("Genuine: signed with {} and the {} client secret.\n", shown(answer["version"]),
                            shown(answer["secret"]))
              : fmt::format("Refused ({}): {}.\n", shown(answer["reason"]), shown(answer["message"]));
  text += fmt::format("Checked as {} {} with {} bytes of body, at {}.\n\n", shown(answer["method"]),
                      shown(answer["url"]), shown(answer["body_bytes"]), shown(answer["at"]));
  text += table(answer["parts"], {{"PART", "part"}, {"STATE", "state"}, {"", "what"}}, "");
  if (!answer["hint"].is_null()) text += fmt::format("\nHint: {}.\n", shown(answer["hint"]));
  for (const Json& note : answer["notes"].items()) text += fmt::format("Note: {}.\n", shown(note));
  return text;
}

// Why the words make no sense together; nothing when they do.
std::optional<std::string_view> wrong_words(const Session::Words& words) {
  if (words.app.empty() && words.secret_source.empty())
    return "name the app with --app, or where its client secret is with --secret-from";
  if (words.path.empty() && words.fields.empty())
    return "give a file with the request, or its parts with --url, --header and --body";
  if (!words.at.empty() && !hubspot::time_of(words.at))
    return "--at must be milliseconds since 1970, thirteen digits, as HubSpot writes them";
  return std::nullopt;
}

int explain(const Session& session, const CapturedRequest& request, const std::string& url,
            const WebhookKeys& keys) {
  hubspot::Captured captured{
      {request.method, url, request.body}, {}, {request.field("Host"), request.field("X-Forwarded-Host")}};
  for (const auto& [name, value] : request.fields) captured.fields.add(name, value);
  hubspot::SigningSecrets secrets{keys.current ? &*keys.current : nullptr,
                                  keys.previous ? &*keys.previous : nullptr};
  std::vector<hubspot::OtherSecret> others;
  for (const WebhookKeys::Other& other : keys.others) others.push_back({other.name, &other.secret});
  std::vector<std::string> notes = request.notes;
  for (const std::string& reason : keys.unread) notes.push_back("not tried: " + reason);
  TimePoint now = hubspot::time_of(session.words.at).value_or(SystemClock().now());
  hubspot::Diagnosis diagnosis = hubspot::diagnose(captured, secrets, others, keys.policy, now);
  session.print(answer_of(diagnosis, captured, now, notes), answer_text);
  return diagnosis.verdict ? Done : Failed;
}

int verify(Session& session) {
  if (auto wrong = wrong_words(session.words)) return wrong_use(session, *wrong);
  Result<CapturedRequest> request = captured(session);
  if (!request) return session.complain(request.error());
  Result<WebhookKeys> keys = keys_for(session);
  if (!keys) return session.complain(keys.error());
  std::string url = url_of(session, *request, *keys);
  if (url.empty())
    return wrong_use(session,
                     "--url is needed: the address that HubSpot called, whole; a request itself cannot be "
                     "trusted with it");
  return explain(session, *request, url, *keys);
}

}  // namespace

void add_webhook_commands(CLI::App& root, Session& session) {
  CLI::App* all = group(root, "webhook", "What comes from HubSpot to /hooks/APP");
  add_inbox_commands(*all, session);
  add_delivery_commands(*all, session);
  add_send_command(*all, session);
  add_local_commands(*all, session);
  CLI::App* verifying =
      command(*all, session, "verify",
              "Say whether a captured request is HubSpot's, and if not, which part of it is wrong",
              "hubward webhook verify request.txt --app crm");
  Session::Words& words = session.words;
  verifying->add_option("file", words.path,
                        "The request as it came: request line, fields, an empty line, the body");
  verifying->add_option("--app", words.app,
                        "The app that it is for: its secrets, its policy, and public_url");
  verifying
      ->add_option(
          "--secret-from", words.secret_source,
          "Where the client secret is, in place of the app's: file:PATH, env:NAME or credential:NAME")
      ->type_name("PLACE");
  verifying
      ->add_option("--url", words.url,
                   "The address that HubSpot called, whole; without it public_url and the path")
      ->type_name("URL");
  verifying->add_option("--method", words.method, "Its method, POST unless the file says otherwise");
  verifying->add_option("--header", words.fields, "A field of it, \"Name: value\"; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FIELD");
  verifying->add_option("--body", words.body_file, "File with its body, byte for byte")->type_name("FILE");
  verifying
      ->add_option("--at", words.at, "The time at which it came, in milliseconds since 1970; without it now")
      ->type_name("MILLISECONDS");
  verifying->callback([&session] { session.chosen = [&session] { return verify(session); }; });
}

}  // namespace hubward::cli
