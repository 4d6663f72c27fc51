# SPDX-License-Identifier: Apache-2.0
"""64 clients of the official SDK in several processes while tokens live three seconds: no call fails, every renewal is
made once, and never two at a time. HUBWARD_LONG=1 runs it for a minute."""
import story

PROCESSES, CLIENTS_EACH = 4, 16
SECONDS = 60 if story.LONG else 8
TOKEN_SECONDS = 3
# What a release build on two cores does easily is a promise; debug and sanitizer builds only have to move.
EXPECTED_RATE, LEAST_RATE = 200, 10


class Concurrency(story.Story):
    log_level = "info"
    extra_configuration = "[pacing]\nsearches_per_second = 1000000\n"  # the sandbox has no limit here

    @classmethod
    def arrange(cls):
        cls.demo.ask_sandbox("PATCH", "/settings", {"burst_limit": False, "daily_limit": False, "search_limit": False})
        cls.demo.ask_sandbox("PATCH", f"/apps/{cls.demo.APP}", {"token_life_s": TOKEN_SECONDS})

    def grant(self):
        wanted = f"{self.demo.APP}/{self.demo.account}"
        return next(g for g in self.demo.ask_sandbox("GET", "/counters")["grants"] if g["grant"] == wanted)

    def test_no_call_fails_and_every_token_is_renewed_once(self):
        running = [story.node("concurrency.mjs", self.demo.egress, self.demo.client_key, self.demo,
                              HUBWARD_CLIENTS=str(CLIENTS_EACH), HUBWARD_SECONDS=str(SECONDS)) for _ in range(PROCESSES)]
        seen = [story.node_answer(process, SECONDS + 120) for process in running]
        calls = sum(one["calls"] for one in seen)
        rate = sum(one["calls"] / one["seconds"] for one in seen)
        # A renewal may be under way right now; it is counted when it begins.
        self.eventually("no renewal is under way", lambda: self.grant()["refreshes_in_flight"] == 0)
        grant = self.grant()
        print(f"\n{calls} calls, {rate:.0f} a second; slowest of 99 in 100: {max(o['p99_ms'] for o in seen)} ms; "
              f"{grant['refreshes']} renewals", flush=True)
        self.assertEqual([failure for one in seen for failure in one["failures"]], [])
        self.assertEqual(sum(one["failed"] for one in seen), 0)
        self.assertEqual(grant["refreshes"], grant["distinct_tokens"] - 1)
        self.assertEqual(grant["most_refreshes_in_flight"], 1)
        self.assertGreaterEqual(grant["refreshes"], SECONDS // TOKEN_SECONDS - 1)
        self.assertLess(grant["refreshes"], 2 * SECONDS, "tokens are renewed far more often than they expire")
        fast = story.LONG and story.binaries().name == "release"
        self.assertGreaterEqual(rate, EXPECTED_RATE if fast else LEAST_RATE)
        # Nothing went wrong at HubSpot but, at most, a token that expired on its way and a call that was repeated.
        statuses = self.demo.ask_sandbox("GET", "/counters")["by_status"]
        self.assertLessEqual(set(statuses), {"200", "201", "302", "401"})


if __name__ == "__main__":
    story.main()
