#!/usr/bin/env bash
# One process of a Flink cluster in the foreground, for a terminal, systemd or a test.
#
#   deploy/flink/flink.sh jobmanager  [-D KEY=VALUE ...]
#   deploy/flink/flink.sh taskmanager [-D KEY=VALUE ...]
#   deploy/flink/flink.sh job-server  [--flink-master=HOST:PORT --job-port=N ...]
#   deploy/flink/flink.sh pool        [--port N]
#
# FLINK_HOME                  Flink: a folder with lib/ and bin/bash-java-utils.jar
# BEAM_FLINK_JOB_SERVER_JAR   Beam's job server for Flink's minor version, of Beam's own version
# RUN_DIR                     folder for temporary files (default: /tmp/flink)
# FLINK_CONF_DIR              folder with flink-conf.yaml and log4j.properties (default: this one)
# JAVA_HOME                   JDK 11 or 17 (default: the PATH's java)
# JOB_SERVER_OPTS             more options of the job server's Java
# PYTHON                      python of the project's environment, for the pool (default: python)
#
# A TaskManager and a pool belong together: on each machine one of both.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
role=${1:-}
shift || true
conf=${FLINK_CONF_DIR:-$here}
run=${RUN_DIR:-/tmp/flink}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

usage() {
  sed -n '2,19s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

# Flink 1.18 reaches into these packages, which JDK 17 keeps closed.
opened() {
  local package
  for package in java.base/sun.net.util java.rmi/sun.rmi.registry java.security.jgss/sun.security.krb5; do
    echo "--add-exports=$package=ALL-UNNAMED"
  done
  for package in lang net io nio text time util lang.reflect util.concurrent util.concurrent.atomic \
    util.concurrent.locks; do
    echo "--add-opens=java.base/java.$package=ALL-UNNAMED"
  done
  echo "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"
}

class_path() { # Flink's own classes first, then the job server's, which brings Flink's too
  : "${FLINK_HOME:?names the folder of Flink}"
  printf '%s:' "$FLINK_HOME"/lib/*.jar
  echo "${BEAM_FLINK_JOB_SERVER_JAR:-}"
}

flink() { # SUM CLASS ARGUMENTS...: starts a class with the memory that Flink computes from the settings
  local sum=$1 class=$2 path answer jvm dynamic
  shift 2
  path=$(class_path)
  mkdir -p "$run/plugins" "$run/tmp"
  export FLINK_CONF_DIR=$conf FLINK_PLUGINS_DIR=$run/plugins
  answer=$("$java" -cp "$FLINK_HOME/bin/bash-java-utils.jar:$path" \
    org.apache.flink.runtime.util.bash.BashJavaUtils "$sum" --configDir "$conf" "$@" |
    sed -n 's/^BASH_JAVA_UTILS_EXEC_RESULT://p')
  jvm=$(sed -n 1p <<<"$answer")
  dynamic=$(sed -n 2p <<<"$answer")
  if [[ -z $jvm ]]; then
    echo "Flink refuses the settings in $conf" >&2
    exit 1
  fi
  mapfile -t flags < <(opened)
  # shellcheck disable=SC2086
  exec "$java" $jvm "${flags[@]}" -Dlog4j.configurationFile="$conf/log4j.properties" -cp "$path" \
    "$class" --configDir "$conf" $dynamic -D "io.tmp.dirs=$run/tmp" "$@"
}

case $role in
  jobmanager)
    flink GET_JM_RESOURCE_PARAMS \
      org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint "$@"
    ;;
  taskmanager)
    flink GET_TM_RESOURCE_PARAMS org.apache.flink.runtime.taskexecutor.TaskManagerRunner "$@"
    ;;
  job-server)
    jar=${BEAM_FLINK_JOB_SERVER_JAR:?names Beam\'s job server for this Flink}
    path=$jar
    # Beam's released jar brings Flink's client.
    if ! grep -aq org/apache/flink/client/program/ "$jar"; then
      path=$jar:$(printf '%s:' "${FLINK_HOME:?}"/lib/flink-dist-*.jar "$FLINK_HOME"/lib/log4j-*.jar)
    fi
    if (($# == 0)); then
      set -- --flink-master=127.0.0.1:8081 --job-port=8099 --artifact-port=8098 --expansion-port=8097
    fi
    mkdir -p "$run/artifacts"
    mapfile -t flags < <(opened)
    # It listens on all interfaces, whatever --job-host says: keep its ports behind a firewall.
    # shellcheck disable=SC2086
    exec "$java" -Xmx512m "${flags[@]}" ${JOB_SERVER_OPTS:-} \
      -Dlog4j.configurationFile="$conf/log4j.properties" -cp "$path" \
      org.apache.beam.runners.flink.FlinkJobServerDriver --job-host=localhost \
      --artifacts-dir="$run/artifacts" "$@"
    ;;
  pool)
    cd "$here/../.."
    exec "${PYTHON:-python}" -m pipeline.beam_worker_pool --port 50000 "$@"
    ;;
  *) usage ;;
esac
