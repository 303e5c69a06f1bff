#!/bin/sh
# Runs the job of an engine folder as a TrainJob of Kubeflow Trainer, and ends when it has ended. In a pipeline:
#   engine:
#     type: trl
#     launch: "/opt/polyphase/kubeflow/launch.sh {driver} {job} {nodes} {per_node} {python}"
#     cancel: "/opt/polyphase/kubeflow/cancel.sh {job}"
# Polyphase and the job have one volume, in the same place: POLYPHASE_CLAIM (polyphase-work) at POLYPHASE_MOUNT (/work).
# POLYPHASE_IMAGE is what the job runs in (polyphase:0.1.0-trl), where python is the image's unless it is given.
# POLYPHASE_POLL_SECONDS (10) lie between two looks at the job. kubectl's own settings say which cluster and namespace.
set -eu

fail() {
  printf 'launch.sh: %s\n' "$1" >&2
  exit 1
}

[ $# = 4 ] || [ $# = 5 ] || fail "give driver.py, the engine folder, the number of machines, of processes on each, and maybe a Python."
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
driver=$1
job=$2
nodes=$3
per_node=$4
python=${5:-python3}
image=${POLYPHASE_IMAGE:-polyphase:0.1.0-trl}
claim=${POLYPHASE_CLAIM:-polyphase-work}
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

sed -e "s|\"@NAME@\"|$(text "$name")|" -e "s|\"@IMAGE@\"|$(text "$image")|" \
  -e "s|\"@NODES@\"|$nodes|" -e "s|\"@PER_NODE@\"|$per_node|" \
  -e "s|\"@DRIVER@\"|$(text "$driver")|" -e "s|\"@JOB@\"|$(text "$job")|" -e "s|\"@PYTHON@\"|$(text "$python")|" \
  -e "s|\"@CLAIM@\"|$(text "$claim")|" -e "s|\"@MOUNT@\"|$(text "$mount")|" \
  "$here/trainjob.yaml" >"$job/trainjob.yaml"

# An earlier attempt has the same name, and may have left pods that still write.
"$here/cancel.sh" "$job"
kubectl create -f "$job/trainjob.yaml"

while :; do
  sleep "${POLYPHASE_POLL_SECONDS:-10}"
  # A cluster that does not answer now may do so later.
  state=$(kubectl get trainjob "$name" --ignore-not-found \
    -o 'jsonpath={.metadata.name}{range .status.conditions[?(@.status=="True")]} {.type}{end}') || continue
  case "$state " in
    ' ') fail "the TrainJob $name was removed." ;;
    *' Complete '* | *' Failed '*) break ;;
  esac
done
[ -e "$job/outcome.json" ] || fail "the TrainJob $name ended (${state#* }) and left no outcome.json; see kubectl describe trainjob $name and its pods' logs."
