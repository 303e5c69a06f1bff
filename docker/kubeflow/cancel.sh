#!/bin/sh
# Ends the TrainJob of an engine folder and waits until its pods are gone; well done where there is none:
#   cancel.sh {job}
set -eu
[ $# = 1 ] || {
  echo "cancel.sh: give the engine folder." >&2
  exit 1
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# Within the five minutes that Polyphase waits.
exec kubectl delete trainjob "$("$here/../job-name" "$1")" --ignore-not-found --cascade=foreground --wait --timeout=280s
