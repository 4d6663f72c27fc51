// SPDX-License-Identifier: Apache-2.0
#include "journal/export.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::journal;

namespace {

Record denied_call() {
  Record record;
  record.time = from_millis(1'800'000'000'123);
  record.client = "billing";
  record.connection = "acme-prod";
  record.operation = "crm.objects.archive";
  record.path_template = "/crm/v3/objects/{objectType}/{objectId}";
  record.parameters = {{"objectType", "~h:3q2-7wABAgMEBQYH"}, {"objectId", "51"}};
  record.decision = Decision::Deny;
  record.rule = "readers, \"only\"";
  record.reason = "ACTION_DENIED";
  record.status = 403;
  record.bytes_in = 0;
  record.bytes_out = 312;
  record.duration = std::chrono::microseconds(87);
  record.correlation_id = "4cb6a3d1-9c1e-4e7b-b1ad-0a4f3e5d6c7b";
  record.peer = "10.0.0.7";
  return record;
}

}  // namespace

TEST_CASE("a record as CSV") {
  CHECK(csv_header() ==
        "time,kind,client,connection,operation,path_template,parameters,decision,rule,reason,status,upstream_"
        "status,"
        "bytes_in,bytes_out,duration_us,upstream_duration_us,attempts,correlation_id,peer,details\r\n");
  CHECK(to_csv(denied_call()) ==
        "2027-01-15T08:00:00.123Z,call,billing,acme-prod,crm.objects.archive,"
        "/crm/v3/objects/{objectType}/{objectId},objectType=~h:3q2-7wABAgMEBQYH; objectId=51,deny,"
        "\"readers, "
        "\"\"only\"\"\",ACTION_DENIED,403,0,0,312,87,0,0,4cb6a3d1-9c1e-4e7b-b1ad-0a4f3e5d6c7b,10.0.0.7,\r\n");
}

TEST_CASE("no cell is a formula") {
  for (const char* text : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=HYPERLINK(\"http://x\",\"y\")"}) {
    CAPTURE(text);
    Record record;
    record.client = text;
    record.details = {{text, text}};
    std::string line = to_csv(record);
    bool quoted = std::string_view(text).find('"') != std::string_view::npos;
    CHECK(line.find(std::string(",") + (quoted ? "\"" : "") + "'" + text[0]) != std::string::npos);
    for (char mark : {'=', '+', '-', '@', '\t'}) {
      CHECK(line.find(std::string(",") + mark) == std::string::npos);
      CHECK(line.find(std::string(",\"") + mark) == std::string::npos);
    }
  }
}

TEST_CASE("a record as a line of JSON") {
  CHECK(
      to_json_line(denied_call()) ==
      R"({"time":"2027-01-15T08:00:00.123Z","kind":"call","client":"billing","connection":"acme-prod",)"
      R"("operation":"crm.objects.archive","path_template":"/crm/v3/objects/{objectType}/{objectId}",)"
      R"("parameters":{"objectType":"~h:3q2-7wABAgMEBQYH","objectId":"51"},"decision":"deny",)"
      R"("rule":"readers, \"only\"","reason":"ACTION_DENIED","status":403,"upstream_status":0,"bytes_in":0,)"
      R"("bytes_out":312,"duration_us":87,"upstream_duration_us":0,"attempts":0,)"
      R"("correlation_id":"4cb6a3d1-9c1e-4e7b-b1ad-0a4f3e5d6c7b","peer":"10.0.0.7","details":{}})"
      "\n");
}
