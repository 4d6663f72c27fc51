// SPDX-License-Identifier: Apache-2.0
#include "hubspot/signature_diagnosis.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "hubspot/signature_vectors.hpp"

namespace hubward::hubspot {
namespace {

constexpr AcceptedVersions all{.v1 = true, .v2 = true, .v3 = true};
const std::string event =
    R"([{"eventId":100,"subscriptionId":2001,"portalId":8801234,"appId":551122,"occurredAt":1789999990000,)"
    R"("subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":901,"propertyName":"lastname",)"
    R"("propertyValue":"Zoë","changeSource":"CRM_UI","sourceId":"userId:42"}])";

// A request that is signed whole, and then changed.
struct Request {
  std::string secret = "the secret", method = "POST", url = "https://gw.example.com/hooks/crm?b=2&a=1",
              body = event;
  std::string host, forwarded_host;
  TimePoint now = from_millis(1'790'000'000'000);
  std::vector<std::pair<std::string, std::string>> fields;

  void sign(SignatureVersion version, std::string_view url_text = "") {
    std::string stamp = std::to_string(to_millis(now));
    Secret key{std::string_view(secret)};
    std::string signature = signature_of(
        version, key, {method, url_text.empty() ? std::string_view(url) : url_text, body}, stamp);
    if (version == SignatureVersion::V3) {
      fields.emplace_back("X-HubSpot-Signature-v3", signature);
      fields.emplace_back("X-HubSpot-Request-Timestamp", stamp);
    } else {
      fields.emplace_back("X-HubSpot-Signature", signature);
      fields.emplace_back("X-HubSpot-Signature-Version", to_text(version));
    }
  }
  Diagnosis diagnosis() const {
    Secret own(std::string_view("the secret")), old(std::string_view("the old secret")),
        other(std::string_view("billing"));
    Captured captured{{method, url, body}, {}, {host, forwarded_host}};
    for (const auto& [name, value] : fields) captured.fields.add(name, value);
    const OtherSecret others[] = {{"client_secret of [apps.billing]", &other}};
    return diagnose(captured, {&own, &old}, others, {.accepted = all}, now);
  }
};

// The parts that are not right, in their order: "url", "secret body", "" when all is well.
std::string wrong_parts(const Diagnosis& diagnosis, PartState state = PartState::Wrong) {
  std::string words;
  for (const Finding& finding : diagnosis.findings)
    if (finding.state == state) words += (words.empty() ? "" : " ") + std::string(to_text(finding.part));
  return words;
}

TEST_CASE("what was changed between HubSpot and the check is found") {
  struct Row {
    std::string_view what;
    std::function<void(Request&)> change;
    std::string_view wrong;
  };
  const Row rows[] = {
      {"nothing", [](Request&) {}, ""},
      {"another app's secret",
       [](Request& r) {
         r.fields.clear();
         r.secret = "billing";
         r.sign(SignatureVersion::V3);
       },
       "secret"},
      {"a line end in the secret",
       [](Request& r) {
         r.fields.clear();
         r.secret += "\n";
         r.sign(SignatureVersion::V3);
       },
       "secret"},
      {"method", [](Request& r) { r.method = "PUT"; }, "method"},
      {"scheme", [](Request& r) { r.url.replace(0, 5, "http"); }, "url"},
      {"host, given away by Host",
       [](Request& r) {
         r.url = "https://10.0.0.7/hooks/crm?b=2&a=1";
         r.host = "gw.example.com";
       },
       "url"},
      {"host and scheme, given away by the proxy",
       [](Request& r) {
         r.url = "http://app:8080/hooks/crm?b=2&a=1";
         r.forwarded_host = "gw.example.com";
       },
       "url"},
      {"port", [](Request& r) { r.url = "https://gw.example.com:8443/hooks/crm?b=2&a=1"; }, "url"},
      {"slash", [](Request& r) { r.url = "https://gw.example.com/hooks/crm/?b=2&a=1"; }, "url"},
      {"query order", [](Request& r) { r.url = "https://gw.example.com/hooks/crm?a=1&b=2"; }, "url"},
      {"line end added", [](Request& r) { r.body += "\n"; }, "body"},
      {"byte order mark", [](Request& r) { r.body.insert(0, "\xEF\xBB\xBF"); }, "body"},
      {"spaces",
       [](Request& r) {
         r.body.insert(1, " ");
         r.body.insert(3, "\n  ");
       },
       "body"},
      {"keys sorted",
       [](Request& r) {
         r.body =
             R"([{"appId":551122,"attemptNumber":0,"changeSource":"CRM_UI","eventId":100,"objectId":901,"occurredAt":1789999990000,)"
             R"("portalId":8801234,"propertyName":"lastname","propertyValue":"Zo\u00eb","sourceId":"userId:42","subscriptionId":2001,)"
             R"("subscriptionType":"contact.propertyChange"}])";
       },
       "body"},
      {"method and body",
       [](Request& r) {
         r.method = "PUT";
         r.body += "\n";
       },
       "method body"},
      {"URL and body",
       [](Request& r) {
         r.url.replace(0, 5, "http");
         r.body += "\n";
       },
       "url body"},
      {"clock", [](Request& r) { r.now += std::chrono::minutes(6); }, "clock"},
      {"clock and URL",
       [](Request& r) {
         r.now -= std::chrono::minutes(6);
         r.url.replace(0, 5, "http");
       },
       "clock url"},
      {"alphabet",
       [](Request& r) {
         for (char& c : r.fields[0].second) c = c == '+' ? '-' : c == '/' ? '_' : c;
         r.fields[0].second.pop_back();
       },
       "fields"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Request request;
    request.sign(SignatureVersion::V3);
    row.change(request);
    Diagnosis diagnosis = request.diagnosis();
    CHECK(wrong_parts(diagnosis) == row.wrong);
    CHECK(diagnosis.verdict.has_value() == row.wrong.empty());
    CHECK(diagnosis.hint.empty());
    CHECK(wrong_parts(diagnosis, PartState::Unknown).empty());
    for (const Finding& finding : diagnosis.findings)
      if (finding.state == PartState::Wrong) CHECK_FALSE(finding.what.empty());
  }
}

TEST_CASE("of v1 and v2, what they do not sign is said, and one that is named as the other") {
  Request first;
  first.sign(SignatureVersion::V1);
  first.method = "PUT";
  CHECK(wrong_parts(first.diagnosis(), PartState::NotSigned) == "clock method url");
  CHECK(first.diagnosis().verdict);

  Request second;
  second.sign(SignatureVersion::V2);
  CHECK(wrong_parts(second.diagnosis(), PartState::NotSigned) == "clock");
  second.fields[1].second = "v1";
  CHECK(wrong_parts(second.diagnosis()) == "version");
}

TEST_CASE(
    "what was written again beyond repair leaves a hint, and a right v1 beside a wrong v3 narrows it down") {
  Request rounded;
  rounded.body = R"([{"objectId":9007199254740993}])";
  rounded.sign(SignatureVersion::V3);
  rounded.body = R"([{"objectId":9007199254740992}])";
  CHECK(wrong_parts(rounded.diagnosis(), PartState::Unknown) == "secret method url body");
  CHECK(rounded.diagnosis().hint.contains("2^53"));

  Request replaced;
  replaced.sign(SignatureVersion::V3);
  replaced.body = "[\"\xEF\xBF\xBD\"]";
  CHECK(replaced.diagnosis().hint.contains("U+FFFD"));

  Request narrowed;
  narrowed.sign(SignatureVersion::V3);
  narrowed.sign(SignatureVersion::V1);
  narrowed.url = "https://elsewhere.example/inner/path";
  CHECK(wrong_parts(narrowed.diagnosis(), PartState::Unknown) == "method url");
  CHECK(narrowed.diagnosis().hint.contains("secret and body are"));
}

TEST_CASE("without a signature there is nothing to try") {
  Request bare;
  CHECK(wrong_parts(bare.diagnosis()) == "fields");
  bare.fields = {{"X-HubSpot-Signature-v3", "AAAA"}, {"X-HubSpot-Request-Timestamp", "1790000000000"}};
  CHECK(wrong_parts(bare.diagnosis()) == "fields");
  bare.fields = {{"X-HubSpot-Signature-v3", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}};
  CHECK(wrong_parts(bare.diagnosis()) == "fields");
}

TEST_CASE("of every vector that is refused, a part is named") {
  for (const SignatureVector& vector : signature_vectors()) {
    if (vector.text("verdict") == "genuine" || vector.body.size() > 100'000) continue;
    CAPTURE(vector.text("id"));
    CAPTURE(vector.text("title"));
    Secret secret = vector.secret();
    std::string method = vector.text("method"), url = vector.text("url");
    Diagnosis diagnosis = diagnose({{method, url, vector.body}, vector.fields(), {}}, {&secret, nullptr}, {},
                                   {.accepted = all}, vector.now());
    CHECK_FALSE(diagnosis.verdict);
    CHECK((!wrong_parts(diagnosis).empty() || !diagnosis.hint.empty()));
  }
}

}  // namespace
}  // namespace hubward::hubspot
