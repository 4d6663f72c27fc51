// SPDX-License-Identifier: Apache-2.0
#include "hubspot/catalogue_table.hpp"

namespace hubward::hubspot {

namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Woverlength-strings"
constexpr std::string_view table =
#include "hubspot/catalogue.tsv.inc"
    ;
#pragma clang diagnostic pop

}  // namespace

std::string_view catalogue_table() {
  return table;
}

}  // namespace hubward::hubspot
