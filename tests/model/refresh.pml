/* SPDX-License-Identifier: Apache-2.0
 *
 * The refresh protocol as a model for spin (tests/model/check.py): every interleaving of three processes on one store,
 * while leases run out under their holders, processes crash and answers are lost. docs/refresh.md maps its steps to
 * the code.
 *
 * Left out: time. A lease may run out at any moment; a verdict that is doubted is believed only when nobody carries an
 * answer any more, which stands for "pauses are shorter than doubt_time". Tokens are numbers; HubSpot honours one.
 *
 *   ROTATES   HubSpot gives a new refresh token with each answer, and honours only the newest
 *   MUTANT    a deliberate breakage, which spin must find
 */

#ifndef MUTANT
#define MUTANT 0
#endif
#define NO_FENCING 1
#define NO_LOOK_UNDER_LEASE 2
#define USED_BEFORE_STORED 3
#define NEVER_DOUBTED 4
#define NO_LEASE 5
#define LEFT_OPEN_FORGOTTEN 6
#define ANSWER_DROPPED 7
#define NEWER_SETTLES 8

#define PROCESSES 3
#define LAST_GENERATION 3
/* In one run: crashes, leases that run out under a living holder, lost answers, refused writes. */
#ifndef DISTURBANCES
#define DISTURBANCES 2
#endif
#define NOBODY 100
#define GHOST 101         /* a holder that has crashed */

/* The store. */
byte generation = 1, stored_token = 1;
bool dead = false;
byte holder = NOBODY;
bool left_open = false;

/* HubSpot. */
byte honoured = 1;

/* What may still happen, and what the witness knows. */
byte disturbances = DISTURBANCES;
byte asked[5];            /* by generation: questions that HubSpot honoured */
bool excused[5];          /* a holder lost its lease, or an answer was lost, while the store had this generation */
bool lost_in_window = false;
byte carried = 0;         /* processes with an answer that is not stored yet */

/* Time: a lease that is not renewed runs out, and its holder does not know. */
active proctype Time() {
  do
  :: atomic { holder == GHOST -> holder = NOBODY; excused[generation] = true; left_open = (MUTANT != LEFT_OPEN_FORGOTTEN) }
  :: atomic { holder < PROCESSES && disturbances > 0 ->
       disturbances--; holder = NOBODY; excused[generation] = true; left_open = (MUTANT != LEFT_OPEN_FORGOTTEN) }
  :: atomic { generation >= LAST_GENERATION || dead -> break }
  od
}

/* The end of a process, at any of the places where this stands; what it held is lost with it. */
inline may_crash() {
  if
  :: atomic { disturbances > 0 ->
       disturbances--;
       if :: holder == me -> holder = GHOST :: else fi;
       if :: carrying -> carried--; carrying = false; if :: granted != stored_token -> lost_in_window = true :: else fi
          :: else
       fi;
       goto start }
  :: skip
  fi
}

active [PROCESSES] proctype Process() {
  byte me = _pid - 1;
  byte in_use, seen, seen_token, granted;
  bool carrying, others, doubted;

start:
  atomic { in_use = generation; carrying = false; doubted = false };

idle:
  atomic { seen = 0; seen_token = 0; granted = 0; others = false;
    if
    :: generation >= LAST_GENERATION || dead -> goto done
    :: else
    fi
  };

first_look:                                                   /* Look, then TakeLease */
  atomic {
    if
    :: generation > in_use -> goto newer
    :: else -> seen = generation; seen_token = stored_token
    fi
  };

take_lease:
  atomic {
    if
    :: MUTANT == NO_LEASE
    :: MUTANT != NO_LEASE && holder == NOBODY -> holder = me; others = left_open
    :: MUTANT != NO_LEASE && holder != NOBODY -> goto idle     /* Held */
    fi
  };
  may_crash();

look_under_lease:
  atomic {
    if
    :: MUTANT == NO_LOOK_UNDER_LEASE
    :: else -> seen = generation; seen_token = stored_token
    fi;
    if
    :: seen > in_use -> goto newer
    :: else
    fi;
    if
    :: dead -> goto unsettled
    :: else
    fi;
    if
    :: holder == me || MUTANT == NO_LEASE                     /* surely held: goes on to ask, perhaps after a pause */
    :: else -> goto idle                                      /* lost: begins anew */
    fi
  };

ask:
  atomic {
    if
    :: seen_token == honoured ->
         asked[seen]++;
         assert(asked[seen] == 1 || excused[seen]);           /* asked twice only where a disturbance excuses it */
#ifdef ROTATES
         honoured++;
#endif
         granted = honoured;
         carrying = true;
         carried++
    :: else -> goto refused
    fi
  };
  may_crash();
  if
  :: atomic { disturbances > 0 ->                             /* Failed: the answer does not arrive */
       disturbances--; excused[generation] = true; carried--; carrying = false;
       if :: granted != stored_token -> lost_in_window = true :: else fi;
       goto unsettled }
  :: atomic { MUTANT == USED_BEFORE_STORED -> assert(generation == seen + 1) }
  :: atomic { MUTANT != USED_BEFORE_STORED -> skip }
  fi;

keep:
  if
  :: atomic { disturbances > 0 -> disturbances--;             /* the store does not take it */
       if
       :: MUTANT == ANSWER_DROPPED -> carried--; carrying = false; goto unsettled
       :: else -> goto keep
       fi }
  :: atomic { (generation == seen || MUTANT == NO_FENCING) && disturbances > 0 -> disturbances--;
       generation = seen + 1; stored_token = granted; dead = false;
       goto keep }                                            /* it does, and says that it did not */
  :: atomic { generation == seen || MUTANT == NO_FENCING ->
       assert(seen == generation);                            /* an earlier holder never overwrites a later one */
       generation = seen + 1; stored_token = granted; dead = false;
       carried--; carrying = false; in_use = seen + 1 }
  :: atomic { generation != seen && MUTANT != NO_FENCING ->    /* Outpaced, Look */
       carried--; carrying = false; goto newer }
  fi;
  may_crash();

settled:
  atomic {
    if
    :: holder == me -> holder = NOBODY; left_open = false
    :: else
    fi;
    goto idle
  };

unsettled:
  atomic {
    if
    :: holder == me -> holder = NOBODY
    :: else
    fi;
    goto idle
  };

newer:
  atomic {
    assert(generation >= in_use);
    in_use = generation; doubted = false;
    if
    :: MUTANT == NEWER_SETTLES -> goto settled
    :: else -> goto unsettled
    fi
  };

refused:                                                      /* LookAfterVerdict */
  atomic {
    if
    :: generation > seen -> goto newer
    :: generation == seen && (MUTANT == NEVER_DOUBTED || (!others && holder == me))
    :: generation == seen && !(MUTANT == NEVER_DOUBTED || (!others && holder == me)) ->
         if
         :: doubted && carried == 0                           /* it stood for doubt_time */
         :: else -> doubted = true; goto unsettled
         fi
    fi
  };

call_dead:
  atomic {
    if
    :: generation == seen ->
         assert(stored_token != honoured && carried == 0);    /* no good grant is called dead */
         assert(lost_in_window);                              /* nor is one lost anywhere but in the one window */
         dead = true
    :: else
    fi;
    goto settled
  };

done:
  atomic { in_use = 0; doubted = false }
}
