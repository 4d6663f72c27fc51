// SPDX-License-Identifier: Apache-2.0
#include "grants/refresh_plan.hpp"

#include <algorithm>

namespace hubward::grants {
namespace {

using std::chrono::milliseconds;

milliseconds part_of(TokenLife life, int part, milliseconds longest) {
  auto length = std::chrono::duration_cast<milliseconds>(life.expires - life.obtained);
  return std::min(longest, std::max(length, milliseconds(0)) / part);
}

milliseconds scaled(milliseconds length, double factor) {
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(length.count()) * factor));
}

Verdict refused(const hubspot::OauthRefusal& refusal) {
  std::string said = "HubSpot refused the refresh with " + refusal.shown();
  if (refusal.refresh_token_is_dead())
    return {Verdict::Kind::DeadToken,
            std::move(said),
            "Connect the account again: hubward connection invite with the same name keeps its policy.",
            {}};
  Verdict verdict{Verdict::Kind::Trouble, std::move(said), "", configuration_back_off};
  if (refusal.client_is_wrong())
    verdict.next_step = "Compare the app's client_id and client_secret in the configuration with HubSpot's.";
  else if (refusal.code == "BAD_HUB")
    verdict.next_step = "Ask the owner of the HubSpot account whether it still exists.";
  else
    verdict.next_step =
        "The grant is kept and tried again; look at the app's settings at HubSpot if this stays.";
  return verdict;
}

Verdict troubled(const hubspot::OauthTrouble& trouble) {
  Verdict verdict{Verdict::Kind::Trouble, trouble.what, "Nothing to do: it is tried again.", milliseconds(0)};
  if (trouble.retry_after)
    verdict.at_least = std::clamp(*trouble.retry_after, std::chrono::seconds(0), longest_retry_after);
  return verdict;
}

}  // namespace

TokenLife life_from(StoredLife stored, TimePoint now, SteadyPoint steady, std::optional<SteadyPoint> since) {
  milliseconds age = now - stored.obtained;
  bool believable = age >= milliseconds(0) && (!since || steady - age >= *since - renewal_slack);
  SteadyPoint obtained = believable ? steady - age : steady;
  return {obtained, obtained + (stored.expires - stored.obtained)};
}

SteadyPoint renewal_time(TokenLife life, double jitter) {
  milliseconds lead = part_of(life, lead_part, longest_lead);
  return life.expires - lead - scaled(lead, jitter);
}

SteadyPoint last_use(TokenLife life) {
  return life.expires - part_of(life, margin_part, longest_margin);
}

milliseconds back_off(unsigned failures, double jitter) {
  milliseconds wait = first_back_off;
  for (unsigned i = 1; i < failures && wait < last_back_off; ++i) wait *= 2;
  wait = std::min(wait, last_back_off);
  return wait / 2 + scaled(wait / 2, jitter);
}

ForCall for_call(const GrantFacts& facts, SteadyPoint now) {
  bool alive = !facts.life || now < last_use(*facts.life);
  if (alive && !facts.rejected) return ForCall::Use;
  if (!facts.life) return facts.dead || !facts.check_at ? ForCall::Refused : ForCall::Wait;
  return facts.dead ? ForCall::Dead : ForCall::Wait;
}

std::optional<SteadyPoint> next_renewal(const GrantFacts& facts) {
  if (facts.in_flight) return std::nullopt;
  bool asks_on =
      facts.life ? !facts.dead : facts.check_at.has_value();  // a static token may be honoured again
  if (!asks_on) return std::nullopt;
  SteadyPoint start = facts.rejected ? SteadyPoint::min() : facts.life ? facts.renew_at : *facts.check_at;
  if (facts.last_start) start = std::max(start, *facts.last_start + between_renewals);
  if (facts.not_before) start = std::max(start, *facts.not_before);
  return start;
}

GrantFacts facts_of_new(std::optional<TokenLife> life, SteadyPoint now, double jitter,
                        const GrantFacts& before) {
  GrantFacts facts;
  facts.since = now;
  facts.life = life;
  if (life) facts.renew_at = renewal_time(*life, jitter);
  facts.last_start = before.last_start;
  return facts;
}

void renewal_began(GrantFacts& facts, SteadyPoint now) {
  facts.in_flight = true;
  facts.last_start = now;
}

void renewal_failed(GrantFacts& facts, WithoutToken how, milliseconds at_least, SteadyPoint now,
                    double jitter) {
  facts.in_flight = false;
  // A dead grant that was asked about in vain stays dead.
  facts.dead = how == WithoutToken::Dead || (facts.dead && how == WithoutToken::Trouble);
  if (how == WithoutToken::Doubted && !facts.doubted_since) facts.doubted_since = now;
  ++facts.failures;
  facts.not_before = now + std::max(back_off(facts.failures, jitter), at_least);
}

Verdict verdict_on(const hubspot::OauthOutcome<hubspot::Granted>& outcome) {
  if (const auto* refusal = std::get_if<hubspot::OauthRefusal>(&outcome)) return refused(*refusal);
  if (const auto* trouble = std::get_if<hubspot::OauthTrouble>(&outcome)) return troubled(*trouble);
  return {Verdict::Kind::Renewed, "", "", {}};
}

}  // namespace hubward::grants
