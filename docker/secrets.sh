#!/bin/sh
# Makes the secrets of compose.yaml in docker/secrets: a token for the service, the same for Prometheus, and passwords for
# PostgreSQL and Grafana. Those that are there stay. Each file is readable by the user of one container alone, for which root is
# needed: sudo docker/secrets.sh
set -eu
umask 077
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)/secrets
mkdir -p "$folder"

random() {
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# Some are of the same: all are made at once, or none is.
if [ ! -e "$folder/polyphase-token" ]; then
  random >"$folder/prometheus-token"
  random >"$folder/postgres-password"
  random >"$folder/grafana-password"
  printf 'postgres:5432:polyphase:polyphase:%s\n' "$(cat "$folder/postgres-password")" >"$folder/pgpass"
  cp "$folder/prometheus-token" "$folder/.polyphase-token"
  mv "$folder/.polyphase-token" "$folder/polyphase-token"
fi

# The users of the containers: ours, Prometheus's nobody, PostgreSQL's and Grafana's.
owners='polyphase-token=10001 pgpass=10001 prometheus-token=65534 postgres-password=999 grafana-password=472'
for pair in $owners; do
  if [ "$(id -u)" = 0 ]; then
    chown "${pair#*=}" "$folder/${pair%=*}"
  else
    echo "give the file to the container's user: sudo chown ${pair#*=} $folder/${pair%=*}"
  fi
done
