#!/bin/sh
# watchdog.sh STATE_DIR COMMAND [ARGUMENT…]: the first process of the agent's container.
# Starts the agent, and again when it has died; ends all faults when one's time is over and the agent did not end it:
# $STATE_DIR/undo says when (seconds since the machine started, first line), who ends them otherwise (the ID of the agent's
# process, beside it), and how (one command a line).
state=$1
shift
agent=
stopping=

look() { # sets $is: runs, stopped, or dead
  is=dead
  [ -n "$agent" ] && read -r _ _ letter _ <"/proc/$agent/stat" || return
  case $letter in Z | X) ;; T | t) is=stopped ;; *) is=runs ;; esac
} 2>/dev/null

undo() {
  # An agent that has just started may write another one meanwhile.
  mv "$state/undo" "$state/undoing" 2>/dev/null || return
  set -f
  sed 1d "$state/undoing" | while read -r line; do $line >/dev/null 2>&1; done
  set +f
  rm -f "$state/undoing"
}

trap 'stopping=1; [ -z "$agent" ] || kill -TERM "$agent" 2>/dev/null' TERM INT
while :; do
  look
  if [ -n "$stopping" ]; then
    if [ $is = dead ] || [ "$stopping" -gt 20 ]; then
      [ ! -f "$state/undo" ] || undo
      exit 0
    fi
    stopping=$((stopping + 1))
  elif [ $is = dead ]; then
    [ -z "$agent" ] || wait "$agent"
    "$@" &
    agent=$!
    # Told to stop before it knew whom to tell.
    [ -z "$stopping" ] || kill -TERM "$agent" 2>/dev/null
  fi
  if [ -f "$state/undo" ] && read -r at by <"$state/undo"; then
    # Grace for an agent that works: it ends its faults itself. One that has only been started may be too late for them.
    [ $is != runs ] || [ "$by" != "$agent" ] || at=$((at + 2))
    read -r now _ <"${UPTIME_FILE:-/proc/uptime}"
    [ "${now%.*}" -lt "$at" ] || undo
  fi
  sleep 0.5
done
