// SPDX-License-Identifier: Apache-2.0
// HubSpot's OAuth endpoints (hubspot.md sections 1.1 to 1.5, 2.1): the consent page, the token call in its
// four versions, introspection and revocation old and new, and the introspection of static tokens. Pure over
// the World.
#pragma once

#include <optional>

#include "sandbox/message.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

// Nothing when the path is none of OAuth's. The consent page is in consent.cpp.
std::optional<Answer> answer_oauth(World& world, const Call& call);

Answer consent_page(World& world, const Call& call, std::optional<std::uint64_t> hub_id);
Answer consent_given(World& world, const Call& call, std::optional<std::uint64_t> hub_id);

Answer token_call(World& world, const Call& call, bool old_form);
Answer introspect_call(World& world, const Call& call);
Answer revoke_call(World& world, const Call& call);

// The grant whose refresh this call asks for, if it is one; for counting those in flight.
std::string refreshed_grant(World& world, const Call& call);

}  // namespace hubward::sandbox
