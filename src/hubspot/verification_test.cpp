// SPDX-License-Identifier: Apache-2.0
#include "hubspot/verification.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "hubspot/signature_vectors.hpp"

namespace hubward::hubspot {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr AcceptedVersions all{.v1 = true, .v2 = true, .v3 = true};

std::string word_of(const Verdict& verdict) {
  return verdict ? "genuine" : std::string(to_text(verdict.error().trouble));
}

std::string judged(const SignatureVector& vector, const SignaturePolicy& policy) {
  Secret secret = vector.secret();
  std::string method = vector.text("method"), url = vector.text("url");
  return word_of(verify({method, url, vector.body}, vector.fields(),
                        {.current = &secret, .previous = nullptr}, policy, vector.now()));
}

TEST_CASE("the strict policy judges every vector as the reference does") {
  std::vector<SignatureVector> vectors = signature_vectors();
  CHECK(vectors.size() == 102);
  for (const SignatureVector& vector : vectors) {
    CAPTURE(vector.text("id"));
    CAPTURE(vector.text("title"));
    SignaturePolicy policy{.accepted = all};
    if (vector.text("id") == "v1-01") {
      // HubSpot printed it with an event of 2019: to accept that today is to accept old requests sent again.
      CHECK(judged(vector, policy) == "event_too_old");
      policy.oldest_event = days(3650);
    }
    CHECK(judged(vector, policy) == vector.text("verdict"));
  }
}

// The file that the vectors were taken from, where it lies beside the checkout.
TEST_CASE("the vectors kept here are those of the reference") {
  std::stringstream text;
  text << std::ifstream("../shared/reference/signature-vectors.json").rdbuf();
  if (text.str().empty()) {
    MESSAGE("skipped: no ../shared/reference/signature-vectors.json");
    return;
  }
  const Json reference = Json::parse(text.str()).value();
  std::vector<SignatureVector> kept = signature_vectors();
  const Json::Items& theirs = reference["vectors"].items();
  REQUIRE(kept.size() == theirs.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const Json &ours = kept[i].json, &other = theirs[i];
    CAPTURE(other["id"].text_or(""));
    CHECK(ours["id"] == other["id"]);
    for (auto [mine, its] : {std::pair{"secret", "secret"},
                             {"method", "method"},
                             {"url", "url_raw"},
                             {"signed_url", "url_signed"},
                             {"body", "body"},
                             {"body_base64", "body_base64"},
                             {"body_repeat", "body_repeat"},
                             {"now", "now_ms"},
                             {"signature", "expected_signature"}})
      CHECK(ours[mine] == other[its]);
    CHECK(kept[i].body.size() == static_cast<std::size_t>(other["body_bytes"].integer().value()));
    CHECK(to_hex(crypto::sha256(bytes_of(kept[i].body))) == other["body_sha256"].text_or(""));
    CHECK(ours["fields"].items().size() == other["headers"].members().size());
    for (const Json& field : ours["fields"].items())
      CHECK(other["headers"][*field.items()[0].text()] == field.items()[1]);
    CHECK((ours["verdict"].text() == "genuine") == (other["expect"]["strict"].text() != "invalid"));
  }
}

// A request signed with "secret" at `sent`, which cases then change.
struct Case {
  Secret secret = Secret(std::string_view("secret"));
  TimePoint sent = from_millis(1'790'000'000'000);
  std::string method = "POST", url = "https://gw.example.com/hooks/crm", body = "[]", timestamp, v3, v1, v2;
  SignaturePolicy policy{.accepted = all};

  Case() { sign(secret); }
  void sign(const Secret& with) {
    timestamp = std::to_string(to_millis(sent));
    v1 = signature_of(SignatureVersion::V1, with, {method, url, body}, "");
    v2 = signature_of(SignatureVersion::V2, with, {method, url, body}, "");
    v3 = signature_of(SignatureVersion::V3, with, {method, url, body}, timestamp);
  }
  SignatureFields third() const {
    SignatureFields fields;
    fields.add("x-hubspot-signature-v3", v3);
    fields.add("x-hubspot-request-timestamp", timestamp);
    return fields;
  }
  SignatureFields older(std::string_view version) const {
    SignatureFields fields;
    fields.add("X-HubSpot-Signature", version == "v1" ? v1 : v2);
    fields.add("X-HubSpot-Signature-Version", version);
    return fields;
  }
  Verdict verdict(const SignatureFields& fields, TimePoint now) const {
    return verify({method, url, body}, fields, {.current = &secret, .previous = nullptr}, policy, now);
  }
};

TEST_CASE("a timestamp may be five minutes old and a minute ahead, to the millisecond") {
  Case c;
  struct Row {
    std::chrono::milliseconds later;
    std::string_view word;
  };
  const Row rows[] = {{0ms, "genuine"},       {300'000ms, "genuine"}, {300'001ms, "too_old"},
                      {-60'000ms, "genuine"}, {-60'001ms, "too_new"}, {24h, "too_old"},
                      {-24h, "too_new"}};
  for (const Row& row : rows) {
    CAPTURE(row.later.count());
    CHECK(word_of(c.verdict(c.third(), c.sent + row.later)) == row.word);
  }
}

TEST_CASE("the far ends of time are refused without overflow") {
  for (std::string_view stamp : {"0000000000000", "9999999999999"}) {
    Case c;
    c.timestamp = stamp;
    c.v3 = signature_of(SignatureVersion::V3, c.secret, {c.method, c.url, c.body}, stamp);
    CHECK_FALSE(c.verdict(c.third(), c.sent));
  }
}

TEST_CASE("during a change of the secret, both count, and which it was is said") {
  Case c;
  Secret old(std::string_view("old secret")), third_party(std::string_view("another"));
  auto with = [&](const Secret* current, const Secret* previous) {
    return verify({c.method, c.url, c.body}, c.third(), {current, previous}, c.policy, c.sent);
  };
  CHECK(with(&c.secret, &old)->secret == WhichSecret::Current);
  CHECK(with(&old, &c.secret)->secret == WhichSecret::Previous);
  CHECK(with(nullptr, &c.secret)->secret == WhichSecret::Previous);
  CHECK(word_of(with(&old, &third_party)) == "mismatch");
  CHECK(word_of(with(nullptr, nullptr)) == "no_secret");
}

TEST_CASE("what is accepted depends on the app, and a refusal names the setting") {
  struct Row {
    AcceptedVersions accepted;
    std::string_view v1, v2, v3;
  };
  const Row rows[] = {{for_oauth_apps, "version_not_accepted", "genuine", "genuine"},
                      {for_private_apps, "genuine", "genuine", "genuine"},
                      {{.v3 = true}, "version_not_accepted", "version_not_accepted", "genuine"},
                      {{.v1 = true}, "genuine", "version_not_accepted", "version_not_accepted"}};
  for (const Row& row : rows) {
    Case c;
    c.policy.accepted = row.accepted;
    CHECK(word_of(c.verdict(c.older("v1"), c.sent)) == row.v1);
    CHECK(word_of(c.verdict(c.older("v2"), c.sent)) == row.v2);
    CHECK(word_of(c.verdict(c.third(), c.sent)) == row.v3);
  }
  Case c;
  c.policy.accepted = for_oauth_apps;
  CHECK(c.verdict(c.older("v1"), c.sent).error().message ==
        "it is signed with v1 only, and this app's webhook_signatures accepts v2, v3");
}

TEST_CASE("a wrong v3 is not rescued by a good signature of another version") {
  Case c;
  for (std::string_view wrong : {"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}) {
    SignatureFields fields = c.older("v1");
    fields.add("X-HubSpot-Signature-v3", wrong);
    fields.add("X-HubSpot-Request-Timestamp", c.timestamp);
    CHECK_FALSE(c.verdict(fields, c.sent));
  }
}

TEST_CASE("fields sent twice, and bodies that are encoded, are refused") {
  Case c;
  for (std::string_view name : {"X-HubSpot-Signature-v3", "X-HUBSPOT-REQUEST-TIMESTAMP"}) {
    SignatureFields fields = c.third();
    fields.add(name, name.contains("v3") ? c.v3 : c.timestamp);
    CHECK(word_of(c.verdict(fields, c.sent)) == "repeated_field");
  }
  SignatureFields encoded = c.third();
  encoded.add("content-encoding", "gzip");
  CHECK(word_of(c.verdict(encoded, c.sent)) == "encoded_body");
  SignatureFields plain = c.third();
  plain.add("content-encoding", "identity");
  CHECK(word_of(c.verdict(plain, c.sent)) == "genuine");
  plain.add("Content-Encoding", "gzip");
  CHECK(word_of(c.verdict(plain, c.sent)) == "repeated_field");
}

TEST_CASE("with v1 and v2 a body is JSON, an object or an array, whatever was signed") {
  struct Row {
    std::string_view body, word;
  };
  const Row rows[] = {{"", "genuine"},
                      {"[]", "genuine"},
                      {"{}", "genuine"},
                      {"\xEF\xBB\xBF[]", "genuine"},
                      {"5", "body_not_json"},
                      {"null", "body_not_json"},
                      {"[", "body_not_json"},
                      {"[]x", "body_not_json"},
                      {"[\x80]", "body_not_utf8"},
                      {R"({"a":1,"a":2})", "body_not_json"}};
  for (const Row& row : rows) {
    CAPTURE(row.body);
    Case c;
    c.body = row.body;
    c.sign(c.secret);
    CHECK(word_of(c.verdict(c.older("v1"), c.sent)) == row.word);
    CHECK(word_of(c.verdict(c.older("v2"), c.sent)) == row.word);
    bool text = row.word != "body_not_utf8";
    CHECK(word_of(c.verdict(c.third(), c.sent)) == (text ? "genuine" : "body_not_utf8"));
  }
}

// Without separators, what was signed for one version could be shown as another's.
TEST_CASE("a signature of one version is not one of another") {
  Case c;
  std::string taken = c.method + c.url + c.body;
  SignatureFields fields;
  fields.add("X-HubSpot-Signature", c.v2);
  fields.add("X-HubSpot-Signature-Version", "v1");
  Verdict verdict = verify({c.method, c.url, taken}, fields, {&c.secret, nullptr}, c.policy, c.sent);
  CHECK(word_of(verdict) == "body_not_json");
}

TEST_CASE("with v1 an old event is refused, wherever in the batch it stands") {
  struct Row {
    std::int64_t occurred;
    std::string_view word;
  };
  constexpr std::int64_t now = 1'790'000'000'000, week = 7LL * 24 * 3600 * 1000;
  const Row rows[] = {{now, "genuine"},     {now - week, "genuine"},      {now - week - 1, "event_too_old"},
                      {0, "event_too_old"}, {INT64_MIN, "event_too_old"}, {INT64_MAX, "genuine"}};
  for (const Row& row : rows) {
    CAPTURE(row.occurred);
    Case c;
    c.body = R"([{"eventId":1},{"occurredAt":)" + std::to_string(row.occurred) + "}]";
    c.sign(c.secret);
    CHECK(word_of(c.verdict(c.older("v1"), from_millis(now))) == row.word);
  }
}

TEST_CASE("how the URL was signed is told, and tried in three ways only for v3") {
  struct Row {
    std::string_view signed_text, url;
    UrlForm form;
  };
  const Row rows[] = {{"https://h/x?a=:", "https://h/x?a=%3A", UrlForm::Decoded},
                      {"https://h/x?a=%3A", "https://h/x?a=%3A", UrlForm::AsSent},
                      {"https://h/x?a=:", "https://h/x?a=%3a", UrlForm::DecodedInAnyCase},
                      {"https://h/x?a=1", "https://h/x?a=1", UrlForm::AsSent}};
  for (const Row& row : rows) {
    CAPTURE(row.url);
    Case c;
    c.url = row.url;
    c.v3 = to_base64(
        signature_digest(SignatureVersion::V3, c.secret, {c.method, row.signed_text, c.body}, c.timestamp));
    Verdict verdict = c.verdict(c.third(), c.sent);
    REQUIRE(verdict);
    CHECK(verdict->url == row.form);
    c.v2 = to_hex(signature_digest(SignatureVersion::V2, c.secret, {c.method, row.signed_text, c.body}, ""));
    CHECK(c.verdict(c.older("v2"), c.sent).has_value() == (row.signed_text == row.url));
  }
}

TEST_CASE("no refusal says anything of the secret, the body or the signature") {
  Case c;
  c.secret = Secret(std::string_view("SECRETSECRET"));
  c.body = R"([{"propertyValue":"PRIVATE","occurredAt":1}])";
  c.sign(c.secret);
  SignatureFields bad = c.third();
  bad.v3.value = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  for (const Verdict& verdict :
       {c.verdict(c.older("v1"), c.sent), c.verdict(bad, c.sent), c.verdict(c.third(), c.sent + 1h)}) {
    REQUIRE_FALSE(verdict);
    for (const std::string& never :
         {std::string("SECRETSECRET"), std::string("PRIVATE"), std::string("AAAA"), c.v3})
      CHECK_FALSE(verdict.error().message.contains(never));
  }
}

}  // namespace
}  // namespace hubward::hubspot
