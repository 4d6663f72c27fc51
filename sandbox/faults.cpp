// SPDX-License-Identifier: Apache-2.0
#include "sandbox/faults.hpp"

#include "sandbox/problem.hpp"

namespace hubward::sandbox {
namespace {

bool fits(const FaultRule& fault, const Call& call, std::string_view label) {
  return (fault.method.empty() || fault.method == call.method) && call.path.starts_with(fault.path_prefix) &&
         (fault.token.empty() || label.starts_with(fault.token));
}

Delivery::Cut cut_of(std::string_view word) {
  if (word == "before" || word == "after_effect") return Delivery::Cut::WithoutAnswer;
  if (word == "middle") return Delivery::Cut::MidAnswer;
  return word == "after" ? Delivery::Cut::AfterAnswer : Delivery::Cut::None;
}

void add_delivery(Answer& answer, const FaultRule& fault) {
  answer.delivery.cut = cut_of(fault.cut);
  answer.delivery.delay = std::chrono::milliseconds(fault.delay_ms);
  answer.delivery.pause = std::chrono::milliseconds(fault.pause_ms);
  answer.delivery.piece_bytes = static_cast<std::size_t>(std::max<std::int64_t>(fault.piece_bytes, 0));
  for (const auto& [name, value] : fault.headers) answer.fields.emplace_back(name, value);
}

}  // namespace

std::optional<FaultRule> fault_for(World& world, const Call& call, std::string_view label) {
  for (FaultRule& fault : world.faults) {
    if (fault.times == 0 || !fits(fault, call, label)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.times > 0) --fault.times;
    ++fault.hits;
    return fault;
  }
  return std::nullopt;
}

std::optional<Answer> answer_instead(World& world, const FaultRule& fault) {
  if (fault.status == 0 && fault.cut != "before") return std::nullopt;
  int status = fault.status == 0 ? 503 : fault.status;
  Answer answer;
  if (fault.body.empty()) {
    answer =
        problem_answer({status, "A fault was asked for by the control API", "INTERNAL_ERROR"}, world.uuid());
  } else {
    answer.status = status;
    answer.fields = {{"Content-Type", fault.content_type}};
    answer.body = fault.body;
  }
  spoil(answer, fault);
  return answer;
}

void spoil(Answer& answer, const FaultRule& fault) {
  if (fault.malformed) answer.body = answer.body.substr(0, answer.body.size() / 2) + "\"{,";
  add_delivery(answer, fault);
}

}  // namespace hubward::sandbox
