// SPDX-License-Identifier: Apache-2.0
// Whether reading takes time in proportion to what there is to read. For each parser and each input that is
// worst for it: CPU time for n and for 2n bytes, side by side, and the quotient, which must not pass `most`.
// Prints a table and writes it as JSON to the file named. Measures, so it is no unit test: `./dev bench
// parsing` runs it (docs/fuzzing.md).
#include <fmt/core.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "cli/captured_request.hpp"
#include "core/encoding.hpp"
#include "core/invariant.hpp"
#include "core/json.hpp"
#include "gateway/forwarding.hpp"
#include "grants/callback_query.hpp"
#include "grants/install_secrets.hpp"
#include "grants/pages.hpp"
#include "http/chunked_decoder.hpp"
#include "http/head_parser.hpp"
#include "hubspot/catalogue.hpp"
#include "hubspot/error_envelope.hpp"
#include "hubspot/link_rewrite.hpp"
#include "hubspot/oauth.hpp"
#include "hubspot/query.hpp"
#include "hubspot/secret_json.hpp"
#include "hubspot/verification.hpp"
#include "hubspot/webhook_events.hpp"
#include "journal/block.hpp"
#include "telemetry/redact.hpp"

using namespace hubward;

namespace {

constexpr double most = 2.5;
constexpr int samples = 15;
constexpr double sample_seconds = 0.0004;

using Work = std::function<void(std::string_view)>;
using Make = std::function<std::string(std::size_t)>;

struct Case {
  std::string name;
  Work work;
  Make make;          // of about that many bytes
  std::size_t bytes;  // n; 2n is within the parser's own bound, where it has one
};

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// What one run of the work takes, over as many as a sample needs.
double sample(const Work& work, std::string_view input) {
  int runs = 0;
  double begin = cpu_seconds(), end = begin;
  for (; end - begin < sample_seconds; end = cpu_seconds()) {
    work(input);
    ++runs;
  }
  return (end - begin) / runs;
}

struct Times {
  double once, twice;
};

Times measure(const Case& one) {
  std::string small = one.make(one.bytes), large = one.make(2 * one.bytes);
  std::vector<double> once, twice;
  for (int i = 0; i < samples; ++i) {  // side by side, so that a noisy moment meets both
    once.push_back(sample(one.work, small));
    twice.push_back(sample(one.work, large));
  }
  std::ranges::nth_element(once, once.begin() + samples / 2);
  std::ranges::nth_element(twice, twice.begin() + samples / 2);
  return {once[samples / 2], twice[samples / 2]};
}

// `unit` again and again between two ends.
Make repeated(std::string before, std::string unit, std::string after = "") {
  return [=](std::size_t bytes) {
    std::string text = before;
    while (text.size() + unit.size() + after.size() <= bytes) text += unit;
    return text + after;
  };
}

// The same, with a number in place of each '#': what is all different is compared to the end.
Make numbered(std::string before, std::string unit, std::string after = "") {
  return [=](std::size_t bytes) {
    std::string text = before;
    for (std::size_t i = 0; text.size() + unit.size() + after.size() + 8 <= bytes; ++i) {
      for (char c : unit) text += c == '#' ? std::to_string(100'000 + i) : std::string(1, c);
    }
    return text + after;
  };
}

// ---- what is measured

constexpr http::HeadLimits limits;  // those of a door

void head(std::string_view text) {
  http::HeadScan scan;
  auto size = scan.scan(text, limits);
  if (size && *size) (void)http::read_request_head(text.substr(0, **size), limits);
}

void head_bytewise(std::string_view text) {
  http::HeadScan scan;
  for (std::size_t i = 1; i <= text.size(); ++i)
    if (auto size = scan.scan(text.substr(0, i), limits); !size || *size) return;
}

// Where a small decoder came to is kept: what nobody asks for, the optimiser leaves out.
volatile std::size_t came_to;

template <std::size_t piece>
void chunked(std::string_view text) {
  http::ChunkedDecoder decoder;
  for (std::size_t at = 0; at < text.size() && !decoder.done(); came_to = at) {
    auto step = decoder.decode(text.substr(at, piece));
    if (!step) return;
    at += step->consumed;
  }
}

template <std::size_t piece>
void links(std::string_view text) {
  hubspot::LinkRewriter rewriter([] { return hubspot::LinkRewriter::Way{"https://gate.test/c/x", ""}; });
  for (std::size_t at = 0; at < text.size(); at += piece) (void)rewriter.feed(text.substr(at, piece));
  (void)rewriter.finish();
}

void path(std::string_view text) {
  static const hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
  if (auto canonical = hubspot::canonicalise(text)) (void)catalogue.find("GET", *canonical);
}

void query(std::string_view text) {
  auto read = hubspot::Query::parse(text);
  if (!read) return;
  (void)read->forbidden_parameter();
  (void)read->associated_objects();
}

void json(std::string_view text) {
  if (auto read = Json::parse(text)) (void)read->dump();
}

void oauth(std::string_view text) {
  (void)hubspot::read_token_answer({200, {}, Secret(text)});
  (void)hubspot::read_token_answer({400, {}, Secret(text)});
}

void cookies(std::string_view text) {
  (void)grants::cookie_value(text, "__Host-hubward-0011223344556677");
  (void)grants::secret_parameter(text, "code");
  (void)grants::html_escaped(text);
}

void fields(std::string_view text) {
  http::HeadScan scan;
  auto size = scan.scan(text, limits);
  if (!size || !*size) return;
  auto read = http::read_request_head(text, limits);
  if (!read) return;
  gateway::prepare_for_hubspot(read->fields, gateway::Encoding::AsAsked);
  gateway::prepare_for_caller(read->fields);
}

void encodings(std::string_view text) {
  (void)from_hex(text);
  (void)from_base64(text);
  (void)from_base64url(text);
}

std::string block_of(std::size_t bytes) {
  journal::Block block{.number = 1, .records = {}};
  for (std::size_t i = 0; i * 100 < bytes && i < journal::max_block_records; ++i) {
    journal::Record record{.client = "client " + std::to_string(i),
                           .correlation_id = "id " + std::to_string(i)};
    for (int k = 0; k < 4; ++k)
      record.parameters.push_back(
          {"p" + std::to_string(k), std::to_string(i * 8 + static_cast<std::size_t>(k))});
    block.records.push_back(std::move(record));
  }
  return std::string(text_of(journal::encode(block)));
}

void block(std::string_view text) {
  auto read = journal::decode(bytes_of(text));
  if (!read) return;
  (void)journal::encode(*read);
  (void)journal::filter_of(*read);
}

// A capture is read from a file of an operator's, within its own, much larger bound.
void captured(std::string_view text) {
  (void)cli::read_captured(text);
}

void events(std::string_view text) {
  // As many as there are, so that it is reading which is measured and not a refusal.
  (void)hubspot::read_events(text, {.bytes = 1 << 20, .events = 1 << 20});
}

const hubspot::SignaturePolicy every_version{.accepted = {.v1 = true, .v2 = true, .v3 = true}};
constexpr std::string_view signing_secret = "secret", signing_stamp = "1790000000000";
const TimePoint signing_time = from_millis(1'790'000'000'000);

// Wrong for every form that the URL may have been signed in, so each is tried.
void signed_url(std::string_view url) {
  static const Secret secret(signing_secret);
  hubspot::SignatureFields fields;
  fields.add(hubspot::signature_field::v3, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  fields.add(hubspot::signature_field::timestamp, signing_stamp);
  (void)hubspot::verify({"POST", url, "[]"}, fields, {&secret, &secret}, every_version, signing_time);
}

// Right, so that the body is read after its digest was compared: as text with v3, as events with v1.
template <hubspot::SignatureVersion version>
void signed_body(std::string_view body) {
  static const Secret secret(signing_secret);
  constexpr bool third = version == hubspot::SignatureVersion::V3;
  const hubspot::SignedRequest request{"POST", "https://gate.test/hook", body};
  std::string signature = hubspot::signature_of(version, secret, request, signing_stamp);
  hubspot::SignatureFields fields;
  fields.add(third ? hubspot::signature_field::v3 : hubspot::signature_field::older, signature);
  fields.add(third ? hubspot::signature_field::timestamp : hubspot::signature_field::version,
             third ? signing_stamp : hubspot::to_text(version));
  (void)hubspot::verify(request, fields, {&secret, nullptr}, every_version, signing_time);
}

// One line for each field, as "name: value".
void signature_fields(std::string_view text) {
  static const Secret secret(signing_secret);
  hubspot::SignatureFields fields;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (auto field = cli::read_field(line)) fields.add(field->first, field->second);
  }
  (void)hubspot::verify_head(fields, {&secret, nullptr}, every_version, signing_time);
}

std::vector<Case> http_cases() {
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  return {
      {"request head: many short fields", head, repeated(get, "a:\r\n", "\r\n"), 240},
      {"request head: one long value", head, repeated(get + "a: ", "b", "\r\n\r\n"), 16 * 1024},
      {"request head: spaces around a value", head, repeated(get + "a:", " ", "b\r\n\r\n"), 16 * 1024},
      {"request head: a long target of escapes", head,
       repeated("GET /", "%41", " HTTP/1.1\r\nHost: h\r\n\r\n"), 4 * 1024},
      {"request head: a Connection field of many names", head,
       repeated(get + "Connection: a", ",a", "\r\n\r\n"), 16 * 1024},
      {"request head: Connection names and as many fields", head,
       [get](std::size_t bytes) {
         return repeated(get + "Connection: a", ",a", "\r\n")(bytes / 2) +
                repeated("", "b:\r\n", "\r\n")(bytes / 2);
       },
       200},
      {"request head: never ending", head, repeated(get + "a: ", "b"), 16 * 1024},
      {"request head: byte by byte", head_bytewise, repeated(get, "a: b\r\n", "\r\n"), 16 * 1024},
      {"fields: what goes on to the other side", fields, numbered(get, "x-forwarded-#: b\r\n", "\r\n"), 1200},
      {"chunked: chunks of one byte", chunked<1 << 20>, repeated("", "1\r\na\r\n", "0\r\n\r\n"), 64 * 1024},
      {"chunked: the same byte by byte", chunked<1>, repeated("", "1\r\na\r\n", "0\r\n\r\n"), 64 * 1024},
      {"links: many that are ours", links<4096>,
       repeated("[", R"({"paging":{"next":{"link":"https://api.hubapi.com/a"}}},)", "0]"), 64 * 1024},
      {"links: byte by byte", links<1>,
       repeated("[", R"({"paging":{"next":{"link":"https://api.hubapi.com/a"}}},)", "0]"), 64 * 1024},
      {"links: one that never ends", links<64>, repeated(R"({"paging":{"next":{"link":"https://)", "a"),
       64 * 1024},
      {"links: escapes", links<4096>, repeated(R"({"paging":{"next":{"link":"https:)", R"(\u002f)"),
       64 * 1024},
      {"links: names that are almost the one", links<4096>, repeated("[", R"({"pagin":{"paging":)", "0"),
       64 * 1024},
      {"links: the name, again and again", links<4096>, repeated("", R"("paging":{)"), 64 * 1024},
      {"links: brackets", links<4096>, repeated("", "[{}],"), 64 * 1024},
      {"cookies, callback, page: separators", cookies, repeated("", "a;&=<"), 16 * 1024},
      {"cookies, callback, page: one long code", cookies, repeated("code=", "%41"), 16 * 1024},
  };
}

std::vector<Case> hubspot_cases() {
  return {
      {"path: escapes", path, repeated("/crm/v3/objects/", "%41"), 2 * 1024},
      {"path: segments", path, repeated("", "/a"), 24},
      {"query: many parameters", query, numbered("", "a#=b&"), 2 * 1024},
      {"query: deep encoding", query, repeated("a%", "25", "41=b"), 8 * 1024},
      {"query: plus signs", query, repeated("a=", "+"), 8 * 1024},
      {"query: semicolons", query, repeated("hapikez=", ";hapikez"), 8 * 1024},
      {"query: many object types", query, numbered("associations=", "a#,"), 8 * 1024},
      {"JSON: many members", json, numbered("{", "\"name#\":1,", "\"z\":0}"), 64 * 1024},
      {"JSON: many small lists", json, repeated("[", "[[]],", "0]"), 64 * 1024},
      {"JSON: one long text of escapes", json, repeated("\"", R"(\u0041)", "\""), 64 * 1024},
      {"JSON: one long number", json, repeated("", "1"), 64 * 1024},
      {"JSON: wrong at its end", json, repeated("[", "1,\n", "x"), 64 * 1024},
      {"JSON with secrets: nested lists",
       [](std::string_view text) { (void)hubspot::SecretJson::read(text); },
       repeated("{\"a\":[", "[[[]]],", "0]}"), 8 * 1024},
      {"JSON with secrets: one long text",
       [](std::string_view text) { (void)hubspot::SecretJson::read(text); },
       repeated("{\"a\":\"", R"(\ud83d\ude00)", "\"}"), 8 * 1024},
      {"OAuth answer: a long list of scopes", oauth,
       repeated(R"({"access_token":"a","expires_in":1,"scopes":[)", "\"a\",", "\"a\"]}"), 8 * 1024},
      {"error body: many scopes", [](std::string_view text) { (void)hubspot::read_error(403, text); },
       numbered(R"({"category":"MISSING_SCOPES","errors":[)",
                R"({"context":{"requiredGranularScopes":["a#"]}},)", "{}]}"),
       16 * 1024},
      {"error body: no JSON", [](std::string_view text) { (void)hubspot::read_error(403, text); },
       repeated("", "{\"a\":"), 16 * 1024},
  };
}

std::vector<Case> webhook_cases() {
  using enum hubspot::SignatureVersion;
  const std::string post = "POST /hook HTTP/1.1\r\nHost: h\r\n";
  const std::string of_contacts =
      R"({"eventId":#,"portalId":1,"appId":2,"occurredAt":1790000000000,"objectId":3,)"
      R"("subscriptionType":"contact.creation","attemptNumber":0},)";
  return {
      {"captured request: many fields", captured, numbered(post, "a#: b\r\n", "\r\n"), 32 * 1024},
      {"captured request: one long field", captured, repeated(post + "a:", " ", "b\r\n\r\n"), 32 * 1024},
      {"captured request: chunks of one byte", captured,
       repeated(post + "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", "0\r\n\r\n"), 32 * 1024},
      {"captured request: a head that never ends", captured, repeated(post, "a:b\n"), 32 * 1024},
      {"signature: a URL of escapes", signed_url, repeated("https://gate.test/", "%3a%3A"), 16 * 1024},
      {"signature: a URL of percent signs", signed_url, repeated("https://gate.test/", "%"), 16 * 1024},
      {"signature: a body, v3", signed_body<V3>, repeated("\"", "\xf0\x9f\x98\x80", "\""), 32 * 1024},
      {"signature: events, v1", signed_body<V1>, numbered("[", of_contacts, "{}]"), 32 * 1024},
      {"signature: fields, all of them its own", signature_fields,
       repeated("", "X-HubSpot-Signature-v3: a\n"), 16 * 1024},
      {"signature: a long value", signature_fields,
       repeated("X-HubSpot-Request-Timestamp: 1790000000000\nX-HubSpot-Signature-v3: ", "A"), 16 * 1024},
      {"webhook events: many", events, numbered("[", of_contacts, "{}]"), 64 * 1024},
      {"webhook events: empty ones", events, repeated("[", "{},", "{}]"), 64 * 1024},
      {"webhook events: one with many members", events, numbered("[{", "\"a#\":1,", "\"z\":0}]"), 64 * 1024},
      {"webhook events: one with nested lists", events, repeated("[{\"a\":[", "[[]],", "0]}]"), 64 * 1024},
      {"webhook events: escapes and brackets in a text", events, repeated("[{\"a\":\"", "\\\"]},{", "\"}]"),
       64 * 1024},
      {"webhook events: one object, wrong at its end", events, repeated("{\"a\":[", "1,\n", "x"), 64 * 1024},
  };
}

std::vector<Case> own_cases() {
  auto config = [](std::string_view text) { (void)app::read_config(text); };
  auto redact = [](std::string_view text) { (void)telemetry::redacted(text); };
  return {
      {"configuration: many tables", config, numbered("", "[roles.r#]\n"), 16 * 1024},
      {"configuration: unknown keys", config, numbered("", "key_# = 1\n"), 16 * 1024},
      {"configuration: a long list", config, numbered("[listen.admin]\nallowed_hosts = [", "\"a#\",", "]\n"),
       16 * 1024},
      {"journal block: many records", block, block_of, 64 * 1024},
      {"hex, base64", encodings, repeated("", "4141"), 64 * 1024},
      {"redaction: almost secrets", redact, repeated("", "token= pat-na1- hwk_ "), 16 * 1024},
      {"redaction: one long word", redact, repeated("", "a"), 16 * 1024},
      {"redaction: quotes and equal signs", redact, repeated("", "secret=\""), 16 * 1024},
  };
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: parsing_time FILE.json\n");
    return 2;
  }
  Json rows = Json::array();
  bool linear = true;
  fmt::print("{:52} {:>9} {:>12} {:>12} {:>6}\n", "what", "n bytes", "t(n) us", "t(2n) us", "x");
  for (const auto& cases : {http_cases(), hubspot_cases(), webhook_cases(), own_cases()}) {
    for (const Case& one : cases) {
      Times times = measure(one);
      double quotient = times.twice / times.once;
      linear = linear && quotient <= most;
      fmt::print("{:52} {:9} {:12.2f} {:12.2f} {:6.2f}{}\n", one.name, one.bytes, times.once * 1e6,
                 times.twice * 1e6, quotient, quotient <= most ? "" : "  more than linear");
      rows.push(Json::object({{"what", one.name},
                              {"bytes", one.bytes},
                              {"us", Json::number(fmt::format("{:.3f}", times.once * 1e6))},
                              {"us_of_twice", Json::number(fmt::format("{:.3f}", times.twice * 1e6))},
                              {"quotient", Json::number(fmt::format("{:.3f}", quotient))}}));
    }
  }
  std::ofstream file(argv[1]);
  file << Json::object(
              {{"most", Json::number(fmt::format("{:.1f}", most))}, {"linear", linear}, {"rows", rows}})
              .dump()
       << "\n";
  if (!file.flush()) {
    fmt::print(stderr, "parsing_time: {} cannot be written\n", argv[1]);
    return 2;
  }
  return linear ? 0 : 1;
}
