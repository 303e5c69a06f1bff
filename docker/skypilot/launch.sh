#!/bin/sh
# Runs the job of an engine folder on a cluster that SkyPilot makes for it, and ends when it has ended. In a pipeline:
#   engine:
#     type: trl
#     launch: "/FOLDER/docker/skypilot/launch.sh {driver} {job} {nodes} {per_node}"
#     cancel: "/FOLDER/docker/skypilot/cancel.sh {job}"
# Polyphase and the job have one volume, in the same place: POLYPHASE_VOLUME (polyphase-work, see volume.yaml) at
# POLYPHASE_MOUNT (/work). POLYPHASE_GPU (H100) and POLYPHASE_INFRA (k8s) are what SkyPilot calls GPUs and where to have them.
set -eu

fail() {
  printf 'launch.sh: %s\n' "$1" >&2
  exit 1
}

[ $# = 4 ] || fail "give driver.py, the engine folder, the number of machines and of processes on each."
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
driver=$1
job=$2
nodes=$3
per_node=$4
mount=${POLYPHASE_MOUNT:-/work}
for number in "$nodes" "$per_node"; do
  case $number in '' | 0 | *[!0-9]*) fail "'$number' is no number of machines or processes." ;; esac
done
case $job in
  "$mount"/*) ;;
  *) fail "$job is not below $mount, where the job has its volume; give an output_dir there, or set POLYPHASE_MOUNT." ;;
esac
name=$("$here/../job-name" "$job")

# A text as YAML and then sed take it.
text() {
  printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')" | sed 's/[\\&|]/\\&/g'
}

sed -e "s|\"@NAME@\"|$(text "$name")|" -e "s|\"@NODES@\"|$nodes|" -e "s|\"@INFRA@\"|$(text "${POLYPHASE_INFRA:-k8s}")|" \
  -e "s|\"@ACCELERATORS@\"|$(text "${POLYPHASE_GPU:-H100}:$per_node")|" \
  -e "s|\"@MOUNT@\"|$(text "$mount")|" -e "s|\"@VOLUME@\"|$(text "${POLYPHASE_VOLUME:-polyphase-work}")|" \
  -e "s|\"@REQUIREMENTS@\"|$(text "$(dirname -- "$here")/trl-requirements.txt")|" \
  -e "s|\"@DRIVER@\"|$(text "$driver")|" -e "s|\"@JOB@\"|$(text "$job")|" \
  "$here/task.yaml" >"$job/skypilot.yaml"

# An earlier attempt has the same name, and may still write.
"$here/cancel.sh" "$job"
# Shows what the driver says until its end. With --down the cluster goes even where this script is killed.
sky launch --yes --down --cluster "$name" "$job/skypilot.yaml" || echo "launch.sh: sky launch ended with code $?" >&2
"$here/cancel.sh" "$job"
[ -e "$job/outcome.json" ] || fail "SkyPilot's cluster $name ended and left no outcome.json; what it said is above."
