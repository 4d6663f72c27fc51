// SPDX-License-Identifier: Apache-2.0
// For tests: signed requests with what is to be thought of them, from tests/signatures/vectors.jsonl (what
// they are: tests/signatures/README.md). Values.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "hubspot/verification.hpp"

namespace hubward::hubspot {

struct SignatureVector {
  explicit SignatureVector(Json read) : json(std::move(read)), body(body_of(json)) {}

  std::string text(std::string_view member) const { return json[member].text_or(""); }
  Secret secret() const { return Secret(json["secret"].text_or("")); }
  TimePoint now() const { return from_millis(json["now"].integer().value()); }
  SignatureVersion version() const {
    return text("version") == "v1"   ? SignatureVersion::V1
           : text("version") == "v2" ? SignatureVersion::V2
                                     : SignatureVersion::V3;
  }
  SignatureFields fields() const {
    SignatureFields fields;
    for (const Json& field : json["fields"].items())
      fields.add(*field.items()[0].text(), *field.items()[1].text());
    return fields;
  }

  const Json json;
  const std::string body;

 private:
  static std::string body_of(const Json& json) {
    if (json.has("body_base64"))
      return std::string(text_of(from_base64(json["body_base64"].text_or("")).value()));
    const Json& repeat = json["body_repeat"];
    if (repeat.is_null()) return json["body"].text_or("");
    std::string body = repeat["prefix"].text_or("");
    for (std::int64_t i = 0; i < repeat["times"].integer(); ++i) body += repeat["unit"].text_or("");
    return body + repeat["suffix"].text_or("");
  }
};

inline std::vector<SignatureVector> signature_vectors() {
  std::vector<SignatureVector> vectors;
  std::ifstream file("tests/signatures/vectors.jsonl");
  for (std::string line; std::getline(file, line);) vectors.emplace_back(Json::parse(line).value());
  return vectors;
}

}  // namespace hubward::hubspot
