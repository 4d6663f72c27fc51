// SPDX-License-Identifier: Apache-2.0
// Records as text for other programs: CSV (RFC 4180, CRLF line ends) and JSON lines. Columns and members are
// a contract (docs/formats/journal.md): new ones go at the end. Pure.
#pragma once

#include <string>

#include "core/json.hpp"
#include "journal/record.hpp"

namespace hubward::journal {

// A cell that a spreadsheet would take for a formula (it begins with = + - @, a tab or a carriage return)
// gets an apostrophe in front.
std::string csv_header();
std::string to_csv(const Record& record);

Json to_json(const Record& record);
std::string to_json_line(const Record& record);  // with its line feed

}  // namespace hubward::journal
