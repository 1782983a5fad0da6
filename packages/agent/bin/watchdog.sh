#!/bin/sh
# watchdog.sh STATE_DIR COMMAND [ARGUMENT…]: the first process of the agent's container.
# Starts the agent, and again when it has died; ends all faults when one's time is over and the agent did not end it:
# $STATE_DIR/undo says when (hundredths of a second since the machine started, first line), which agent ends them otherwise
# (what it was given as WATCHED_AS, beside it), and on the second line the device of the faults, then `ingress` and
# `marks` where they left traces there too. The file is data: nothing of it is run, and it counts only if it is a
# regular file of this user's that nobody else may read or write.
# Ends with the agent's own exit code when that failed to start five times in a row and no fault is in force: the
# container fails then, and whoever looks at the pod sees why.
state=$1
shift
agent=
run=
stopping=
failures=0
me=$(id -u)

look() { # sets $is: runs, stopped, or dead
  is=dead
  [ -n "$agent" ] && read -r _ _ letter _ <"/proc/$agent/stat" || return
  case $letter in Z | X) ;; T | t) is=stopped ;; *) is=runs ;; esac
} 2>/dev/null

uptime() { # sets $now
  read -r now _ <"${UPTIME_FILE:-/proc/uptime}"
  now=${now%.*}${now#*.}
}

trusted() { # FILE
  [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c '%u %a %h' "$1")" = "$me 600 1" ]
} 2>/dev/null

undo() { # what was taken to be undone
  device=
  trusted "$state/undoing" && { read -r _ && read -r device traces; } <"$state/undoing"
  case $device in
    '' | -* | *[!a-zA-Z0-9_.@-]*) ;;
    *)
      tc qdisc del dev "$device" root handle 7a00:
      case " $traces " in *' ingress '*)
        tc qdisc del dev "$device" ingress
        ip link del orfault0
        ;;
      esac
      case " $traces " in *' marks '*) nft delete table inet outrigger_fault ;; esac
      ;;
  esac >/dev/null 2>&1
  rm -f "$state/undoing"
}

end_faults() { # whose time is over
  [ -f "$state/undo" ] || return
  { read -r at by <"$state/undo"; } 2>/dev/null || return
  # A number that the shell can reckon with.
  case $at in '' | *[!0-9]* | ????????????????*) return ;; esac
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
