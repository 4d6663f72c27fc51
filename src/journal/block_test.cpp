// SPDX-License-Identifier: Apache-2.0
#include "journal/block.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

using namespace hubward;
using namespace hubward::journal;

namespace {

Record call(std::int64_t time, std::string client, std::string correlation_id) {
  Record record;
  record.time = from_millis(time);
  record.client = std::move(client);
  record.connection = "acme-prod";
  record.operation = "crm.objects.read";
  record.path_template = "/crm/v3/objects/{objectType}/{objectId}";
  record.parameters = {{"objectType", "~h:abc"}, {"objectId", "51"}};
  record.decision = Decision::Allow;
  record.rule = "readers";
  record.status = 200;
  record.upstream_status = 200;
  record.bytes_out = 1024;
  record.duration = std::chrono::microseconds(45'000);
  record.upstream_duration = std::chrono::microseconds(44'000);
  record.attempts = 1;
  record.correlation_id = std::move(correlation_id);
  record.peer = "10.0.0.7";
  return record;
}

Record largest() {
  Record record = call(std::int64_t{1} << 50, std::string(max_text, 'c'), "id");
  record.kind = Kind::System;
  record.decision = Decision::ShadowDeny;
  record.parameters.assign(max_fields, {std::string(max_text, 'n'), std::string(max_text, 'v')});
  record.details = record.parameters;
  record.status = 0xffff;
  record.upstream_status = 0xffff;
  record.bytes_in = std::numeric_limits<std::uint64_t>::max();
  record.bytes_out = std::numeric_limits<std::uint64_t>::max();
  record.duration = std::chrono::microseconds::max();
  record.upstream_duration = std::chrono::microseconds::max();
  record.attempts = 0xffff'ffff;
  return record;
}

}  // namespace

TEST_CASE("a block reads as it was written, in the same bytes") {
  const Block blocks[] = {
      {1, {Record{}}},
      {7, {call(1000, "billing", "a"), call(900, "billing", "b"), call(1100, "crm-sync", "c")}},
      {std::numeric_limits<std::int64_t>::max(), {largest(), Record{}}},
  };
  for (const Block& block : blocks) {
    Bytes bytes = encode(block);
    Result<Block> read = decode(bytes);
    REQUIRE(read);
    CHECK(read->number == block.number);
    CHECK(read->records == block.records);
    CHECK(encode(*read) == bytes);
  }
}

TEST_CASE("a small block has the bytes that the format's page says") {
  Record record;
  record.time = from_millis(1000);
  record.client = "ci";
  record.parameters = {{"objectId", "51"}};
  record.decision = Decision::Deny;
  record.status = 403;
  CHECK(to_hex(encode({3, {record}})) ==
        "01"
        "03"
        "d00f"
        "01"  // version, number, time, records
        "04"
        "02"
        "6369"
        "00"
        "08"
        "6f626a6563744964"
        "02"
        "3531"  // texts
        "01"
        "02"
        "00"  // kind, decision, time
        "00"
        "01"
        "01"
        "01"
        "01"
        "01"
        "01"
        "01"  // client ... peer
        "01"
        "02"
        "03"
        "00"  // parameters, details
        "9303"
        "00"
        "00"
        "00"
        "00"
        "00"
        "00");  // numbers
}

TEST_CASE("forty bytes are enough for a usual call in a full block") {
  Block block{1, {}};
  for (int i = 0; i < 512; ++i)
    block.records.push_back(call(1000 + i, "billing", "correlation-" + std::to_string(i)));
  std::size_t ids = 0;
  for (const Record& record : block.records) ids += record.correlation_id.size();
  CHECK((encode(block).size() - ids) / 512 < 40);
}

TEST_CASE(
    "a block that was changed or cut at any place is refused, or is another block in its own spelling") {
  Bytes bytes = encode({7, {call(1000, "billing", "a"), call(900, "billing", "b")}});
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode(std::span(bytes).first(size)));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = bytes;
      changed[at] ^= std::byte{1} << bit;
      Result<Block> read = decode(changed);
      if (read) CHECK(encode(*read) == changed);
      if (!read) CHECK(read.error().code == "JOURNAL_CORRUPT");
    }
  }
  bytes.push_back(std::byte{0});
  CHECK_FALSE(decode(bytes));
}

TEST_CASE("spellings that the writer does not use are refused") {
  struct {
    const char* why;
    const char* hex;
  } cases[] = {
      {"nothing", ""},
      {"another version", "02030001"},
      {"no records", "0103000000"},
      {"number zero", "01000001010001010000000000000000000000000000000000"},
      {"a number longer than needed", "0183000001010001010000000000000000000000000000000000"},
      {"more texts than bytes", "01030001ffffffff0f"},
      {"a text that nobody uses", "010300010200016101000000000000000000000000000000000000000000"},
      {"an unknown kind", "0103000101000900000000000000000000000000000000000000"},
  };
  for (const auto& [why, hex] : cases) {
    CAPTURE(why);
    CHECK_FALSE(decode(*from_hex(hex)));
  }
}

TEST_CASE("a filter never denies what is there, and mostly denies what is not") {
  std::mt19937 random(11);
  int vain = 0;
  int asked = 0;
  for (std::size_t size : {1, 2, 7, 64, 512, 2000}) {
    Block block{1, {}};
    for (std::size_t i = 0; i < size; ++i)
      block.records.push_back(
          call(1000, "client-" + std::to_string(random() % 50), std::to_string(random())));
    Bytes filter = filter_of(block);
    CHECK(filter.size() <= 8192);
    for (const Record& record : block.records) {
      CHECK(may_hold(filter, Key::Client, record.client));
      CHECK(may_hold(filter, Key::Connection, record.connection));
      CHECK(may_hold(filter, Key::Operation, record.operation));
      CHECK(may_hold(filter, Key::CorrelationId, record.correlation_id));
    }
    for (int i = 0; i < 2000; ++i, ++asked)
      vain += may_hold(filter, Key::CorrelationId, "absent-" + std::to_string(i)) ? 1 : 0;
  }
  CHECK(vain * 50 < asked);
  CHECK(may_hold({}, Key::Client, "anything"));  // no filter says nothing
}
