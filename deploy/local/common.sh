# What up, down, start and kill share. Everything that runs and everything that is kept is in one folder:
#
#   settings        the ports, the number of nodes and the program, as `up` chose them
#   NAME.pid        a process id and when that process began: another one may have the same id later
#   NAME.log        postgres, node1, node2 …, proxy
#   postgres/       the database
#   nodeN/          the node's data folder
#   app/            the published node
#   admin-token, key, password    the admin's, CLUSTER_KEY, the database's
# shellcheck shell=bash disable=SC2034
set -euo pipefail
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
state=$(realpath -m "${CLUSTER_LOCAL_STATE:-$here/.state}")
home=${CLUSTER_HOME:-${XDG_CONFIG_HOME:-$HOME/.config}/channel-cluster}
nodes=0 app='' proxy_port=0 postgres_port=0

fail() {
    echo "deploy/local: $*" >&2
    exit 1
}

# ---- Processes

# When a process began, in ticks since the machine's start; nothing if there is none, or only its remains.
began() {
    local fields
    { read -r fields <"/proc/$1/stat"; } 2>/dev/null || return 0
    read -ra fields <<<"${fields##*) }"
    [[ ${fields[0]} == Z ]] || echo "${fields[19]}"
}

# The process id of NAME, if it runs.
pid_of() {
    local pid time
    [[ -e $state/$1.pid ]] && read -r pid time <"$state/$1.pid" &&
        [[ $time && $(began "$pid") == "$time" ]] && echo "$pid"
}

# launch NAME COMMAND… starts it in a session of its own, so that neither this script's end nor Ctrl-C reaches it.
launch() {
    local name=$1
    shift
    setsid "$@" </dev/null >>"$state/$name.log" 2>&1 &
    echo "$! $(began $!)" >"$state/$name.pid"
}

# gone NAME SECONDS waits until NAME has ended. Waits go by the clock: a round of theirs may take long.
gone() {
    local until=$((SECONDS + $2))
    while pid_of "$1" >/dev/null; do
        ((SECONDS < until)) || return 1
        sleep 0.05
    done
}

# end NAME SIGNAL SECONDS
end() {
    local pid
    pid=$(pid_of "$1") || return 0
    kill "-$2" "$pid"
    kill -CONT "$pid" 2>/dev/null || true # a frozen one hears of nothing else
    gone "$1" "$3" || true

    if pid_of "$1" >/dev/null; then
        echo "$1 did not end within $3 s of SIG$2; killing it." >&2
        kill -KILL "$pid" 2>/dev/null || true
    fi

    rm -f "$state/$1.pid"
}

# await NAME SECONDS COMMAND… until the command succeeds; NAME must live meanwhile.
await() {
    local name=$1 seconds=$2 until=$((SECONDS + $2)) trouble
    shift 2
    while trouble="has ended" && pid_of "$name" >/dev/null; do
        ! "$@" >/dev/null 2>&1 || return 0
        trouble="does not serve after $seconds s"
        ((SECONDS < until)) || break
        sleep 0.1
    done

    tail -n 20 "$state/$name.log" >&2
    fail "$name $trouble; its log is $state/$name.log"
}

# ---- The parts

load_settings() {
    [[ -e $state/settings ]] || return 1
    # shellcheck disable=SC1091
    source "$state/settings"
}

node_port() { echo $((proxy_port + $1)); }

node_number() {
    { load_settings && pid_of postgres >/dev/null; } || fail "nothing is up; start it with deploy/local/up"
    [[ ${1:-} =~ ^[0-9]+$ && $1 -ge 1 && $1 -le $nodes ]] || fail "expected the number of a node, 1 to $nodes"
    echo "$1"
}

start_node() {
    local password pid
    if pid=$(pid_of "node$1"); then
        kill -CONT "$pid" # it may be frozen
        return
    fi

    password=$(<"$state/password")
    mkdir -p "$state/node$1"
    # Secrets go by the environment: arguments are for everybody to read. The home folder is the node's own because the
    # note by which `cluster` finds this cluster tells of the proxy, not of a node.
    CLUSTER_KEY=$(<"$state/key") \
    Cluster__Engine="Host=127.0.0.1;Port=$postgres_port;Database=cluster;Username=cluster;Password=$password" \
    Cluster__AdminToken=$(<"$state/admin-token") \
    Cluster__Data="$state/node$1" \
    Cluster__Home="$state/node$1" \
    Cluster__NodeName="node$1" \
    Cluster__PublicUrl="http://127.0.0.1:$proxy_port" \
        launch "node$1" dotnet "$app/Cluster.Server.dll" --urls "http://127.0.0.1:$(node_port "$1")"
}

await_node() {
    await "node$1" 60 curl -fsS -m 5 "http://127.0.0.1:$(node_port "$1")/readyz"
}
