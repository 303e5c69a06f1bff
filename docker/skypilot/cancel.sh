#!/bin/sh
# Takes down SkyPilot's cluster for an engine folder; well done where there is none:
#   cancel.sh {job}
set -eu
[ $# = 1 ] || {
  echo "cancel.sh: give the engine folder." >&2
  exit 1
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
name=$("$here/../job-name" "$1")
if ! sky down --yes "$name"; then
  # It was not there, or could not be taken down.
  clusters=$(sky status)
  case $clusters in
    *"$name"*)
      echo "cancel.sh: SkyPilot could not take down the cluster $name; see sky status." >&2
      exit 1
      ;;
  esac
fi
