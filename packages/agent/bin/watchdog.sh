#!/bin/sh
# watchdog.sh STATE_DIR COMMAND [ARGUMENT…]: the first process of the agent's container.
# Starts the agent, and again when it has died; ends all faults when one's time is over and the agent did not end it:
# $STATE_DIR/undo says when (hundredths of a second since the machine started, first line), which agent ends them otherwise
# (what it was given as WATCHED_AS, beside it), and how (one command a line).
# Ends with the agent's own exit code when that failed to start five times in a row and no fault is in force: the
# container fails then, and whoever looks at the pod sees why.
state=$1
shift
agent=
run=
stopping=
failures=0

look() { # sets $is: runs, stopped, or dead
  is=dead
  [ -n "$agent" ] && read -r _ _ letter _ <"/proc/$agent/stat" || return
  case $letter in Z | X) ;; T | t) is=stopped ;; *) is=runs ;; esac
} 2>/dev/null

uptime() { # sets $now
  read -r now _ <"${UPTIME_FILE:-/proc/uptime}"
  now=${now%.*}${now#*.}
}

undo() { # what was taken to be undone
  set -f
  sed 1d "$state/undoing" | while read -r line; do $line >/dev/null 2>&1; done
  set +f
  rm -f "$state/undoing"
}

end_faults() { # whose time is over
  { read -r at by <"$state/undo"; } 2>/dev/null || return
  limit=$at
  # Grace for an agent that works: it ends its faults itself. One that has only been started may be too late for them.
  [ $is != runs ] || [ "$by" != "$run" ] || limit=$((at + 120))
  uptime
  [ "$now" -lt "$limit" ] 2>/dev/null && return
  mv "$state/undo" "$state/undoing" 2>/dev/null || return
  read -r still whose <"$state/undoing"
  # An agent that has just started may have written another one.
  if [ "$still $whose" = "$at $by" ]; then
    undo
  elif [ -f "$state/undo" ]; then
    rm -f "$state/undoing"
  else
    mv "$state/undoing" "$state/undo"
  fi
}

# A watchdog before this one died in the middle of it.
[ ! -f "$state/undoing" ] || undo
trap 'stopping=1; [ -z "$agent" ] || kill -TERM "$agent" 2>/dev/null' TERM INT
while :; do
  look
  if [ -n "$stopping" ]; then
    if [ $is = dead ] || [ "$stopping" -gt 20 ]; then
      mv "$state/undo" "$state/undoing" 2>/dev/null && undo
      exit 0
    fi
    stopping=$((stopping + 1))
  fi
  end_faults
  if [ -z "$stopping" ] && [ $is = dead ]; then
    code=0
    [ -z "$agent" ] || { wait "$agent"; code=$?; }
    uptime
    # 128 and above: somebody killed it. An agent that had run for a while could start.
    if [ $code -gt 0 ] && [ $code -lt 128 ] && [ $((now - run)) -lt 1000 ]; then
      failures=$((failures + 1))
    else
      failures=0
    fi
    [ $failures -lt 5 ] || [ -f "$state/undo" ] || exit $code
    run=$now
    WATCHED_AS=$run "$@" &
    agent=$!
    # Told to stop before it knew whom to tell.
    [ -z "$stopping" ] || kill -TERM "$agent" 2>/dev/null
  fi
  sleep 0.5
done
