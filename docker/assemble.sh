#!/bin/sh
# Assembles what an image holds of Polyphase in a folder: the program built, its launcher, and all native libraries unpacked,
# so that nothing is fetched or unpacked at run time.
#   docker/assemble.sh FOLDER [cpu|cuda]
# POLYPHASE_BUILD is the folder of the build (polyphase.jar, lib/), orchestrator/target unless it is set. With cuda, python3
# and its pip are needed and the network is used, by polyphase setup cuda; it keeps what it fetches in POLYPHASE_SETUP_HOME
# where that is set.
set -eu

fail() {
  echo "assemble.sh: $1" >&2
  exit 1
}

[ $# -ge 1 ] || fail "give the folder to assemble in."
kind=${2:-cpu}
case $kind in cpu | cuda) ;; *) fail "$kind is neither cpu nor cuda." ;; esac
source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
build=${POLYPHASE_BUILD:-$source/orchestrator/target}
[ -f "$build/polyphase.jar" ] || fail "$build has no polyphase.jar; build first: ./mvnw -DskipTests package"
mkdir -p "$1"
to=$(CDPATH='' cd -- "$1" && pwd -P)
[ ! -e "$to/lib" ] || fail "$to/lib is there already; give an empty folder."

mkdir "$to/bin" "$to/lib"
cp "$build/polyphase.jar" "$build/lib"/*.jar "$to/lib/"
cp "$source/polyphase" "$source/docker/healthcheck" "$to/bin/"
cp "$source/LICENSE" "$to/"
chmod 755 "$to/bin/polyphase" "$to/bin/healthcheck"

# Only this folder counts, whatever is set and kept here.
unset POLYPHASE_LIBTORCH PYTORCH_LIBRARY_PATH PYTORCH_VERSION PYTORCH_FLAVOR ENGINE_CACHE_DIR DJL_CACHE_DIR
export POLYPHASE_HOME="$to/home"
if [ "$kind" = cuda ]; then
  kept=${POLYPHASE_SETUP_HOME:-$to/home}
  POLYPHASE_HOME=$kept "$to/bin/polyphase" setup cuda --fetch
  for libraries in "$kept/libtorch"/*/torch/lib; do
    [ -f "$libraries/libtorch_cuda.so" ] || fail "$libraries holds no libtorch for CUDA."
    cp -R "${libraries%/torch/lib}" "$to/torch"
  done
  # The launcher takes it from there.
  ln -s torch/torch/lib "$to/libtorch"
fi
mkdir "$to/native"
DJL_CACHE_DIR="$to/native" "$to/bin/polyphase" setup native >/dev/null
rm -rf "$to/home"

# Code that others could write to is refused, and every user may run it.
chmod -R u=rwX,go=rX "$to"
