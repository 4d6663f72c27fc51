// SPDX-License-Identifier: Apache-2.0
// The compact table of HubSpot's operations as text, compiled in. Columns: docs/formats/catalogue.md.
#pragma once

#include <string_view>

namespace hubward::hubspot {

std::string_view catalogue_table();

}  // namespace hubward::hubspot
