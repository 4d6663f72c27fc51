// SPDX-License-Identifier: Apache-2.0
#include "pacing/retry.hpp"

#include <doctest/doctest.h>

namespace hubward::pacing {

using namespace std::chrono_literals;

TEST_CASE("what may be sent again, and when") {
  struct Row {
    Failed failed;
    std::optional<std::chrono::milliseconds> idempotent, other;  // before the first repeat
  };
  for (const Row& row : {Row{{.unsent = true}, 200ms, 200ms},
                         Row{{}, 200ms, {}},
                         Row{{.status = 423}, 2s, 2s},
                         Row{{.status = 423, .retry_after = 5s}, 5s, 5s},
                         Row{{.status = 477, .retry_after = 86'400s}, 86'400s, 86'400s},
                         Row{{.status = 500}, 200ms, {}},
                         Row{{.status = 502}, 1s, {}},
                         Row{{.status = 503}, 200ms, {}},
                         Row{{.status = 503, .retry_after = 3s}, 3s, {}},
                         Row{{.status = 504}, 1s, {}},
                         Row{{.status = 520}, 200ms, {}},
                         Row{{.status = 524}, 200ms, {}},
                         Row{{.status = 526}, 200ms, {}},
                         Row{{.status = 501}, {}, {}},
                         Row{{.status = 527}, {}, {}},
                         Row{{.status = 200}, {}, {}},
                         Row{{.status = 400}, {}, {}},
                         Row{{.status = 401}, {}, {}},
                         Row{{.status = 404}, {}, {}},
                         Row{{.status = 409}, {}, {}},
                         Row{{.status = 429, .retry_after = 1s}, {}, {}}}) {
    CAPTURE(row.failed.status);
    CHECK(wait_before_repeat(row.failed, true, 0, 0) == row.idempotent);
    CHECK(wait_before_repeat(row.failed, false, 0, 0) == row.other);
  }
  CHECK(wait_before_repeat({.status = 503}, true, 1, 0) == 400ms);
  CHECK(wait_before_repeat({.status = 503}, true, 2, 0.5) == 900ms);
  CHECK_FALSE(wait_before_repeat({.status = 503}, true, 3, 0));
}

TEST_CASE("reads and writes that say what is to be are the same when done twice") {
  auto catalogue = hubspot::Catalogue::built_in();
  struct Row {
    const char* operation;
    bool idempotent;
  };
  for (const Row& row :
       {Row{"crm.objects.read", true}, Row{"crm.objects.list", true}, Row{"crm.objects.search", true},
        Row{"crm.objects.batch.read", true}, Row{"crm.objects.update", true}, Row{"crm.objects.delete", true},
        Row{"crm.objects.batch.update", true}, Row{"crm.objects.batch.archive", true},
        Row{"crm.objects.batch.upsert", true}, Row{"crm.objects.create", false},
        Row{"crm.objects.batch.create", false}, Row{"crm.objects.merge", false}}) {
    CAPTURE(row.operation);
    const hubspot::Operation* operation = catalogue.named(row.operation);
    REQUIRE(operation != nullptr);
    CHECK(is_idempotent(*operation) == row.idempotent);
  }
}

TEST_CASE("repeats are a tenth of the calls") {
  RepeatBudget budget;
  int repeats = 0;
  while (budget.take()) ++repeats;
  CHECK(repeats == 10);
  for (int call = 0; call < 1000; ++call) {
    budget.sent();
    if (budget.take()) ++repeats;
  }
  CHECK(repeats >= 105);
  CHECK(repeats <= 111);
}

}  // namespace hubward::pacing
