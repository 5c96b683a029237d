# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
# lib.sh: what setup, test, fuzz and demo share. Sourced, never run.
#
# Nothing that is built or tested runs as root: a PostgreSQL server refuses to, and a test of file
# permissions would prove nothing. Started as root, the scripts do the rest as the user $user.
set -euo pipefail
umask 022

user=walwire
clone=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# as_user COMMAND...: runs it without privileges and without the caller's environment (PG*, HOME,
# a PATH into somebody's home). Not root: only the environment is cleaned.
as_user() { (exec_as_user "$@"); }

# exec_as_user COMMAND...: the same, in place of the shell, so that signals reach the command.
exec_as_user() {
    local keep=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
                TERM="${TERM:-dumb}" WALWIRE_CACHE="$(cache)" PYTHONDONTWRITEBYTECODE=1)
    if is_root; then
        exec setpriv --reuid="$user" --regid="$user" --init-groups \
            env -i "${keep[@]}" HOME="$(getent passwd "$user" | cut -d: -f6)" "$@"
    fi
    exec env -i "${keep[@]}" HOME="$HOME" "$@"
}

# cache: where the servers are kept; tests/server/fetch.py decides.
cache() { python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import fetch; print(fetch.cache())' \
              "$clone/tests/server"; }

# unreadable_to_user: true if the clone lies where the user cannot read all of it, as below a 0700
# directory.
unreadable_to_user() {
    ! as_user test -x "$clone" || [ -n "$(as_user find "$clone" \
        \( -path "$clone/.git" -o -path "$clone/build" \) -prune -o ! -readable -print -quit 2>&1)" ]
}

# workplace: prints the tree to build and test in: the clone itself, or for root with a clone that the
# user cannot read a copy of it, refreshed by modification time so that builds stay incremental.
workplace() {
    if ! is_root; then
        printf '%s\n' "$clone"
        return
    fi
    local tree=$clone
    if unreadable_to_user; then
        tree=/var/cache/walwire/tree-$(printf '%s' "$clone" | cksum | cut -d' ' -f1)
        mkdir -p "$tree"
        find "$tree" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
        tar -C "$clone" -c --exclude=./build --exclude=./.git . | tar -C "$tree" -x --no-same-owner
        chown -R "$user:$user" "$tree"
    fi
    mkdir -p "$tree/build"
    chown -R "$user:$user" "$tree/build"
    printf '%s\n' "$tree"
}

# bring_back TREE PRESET: the command that was built in a copy of the clone, into the clone.
bring_back() {
    [ "$1" = "$clone" ] || install -D "$1/build/$2/bin/walwire" "$clone/build/$2/bin/walwire"
}

# configure_and_build PRESET [TARGET...]: in the current directory, with ninja. To be run as the user.
configure_and_build() {
    local preset=$1 generator=(-G Ninja)
    shift
    [ ! -f "build/$preset/CMakeCache.txt" ] || generator=()
    cmake --preset "$preset" "${generator[@]}" >"build/$preset.configure" 2>&1 ||
        { cat "build/$preset.configure"; return 1; }
    cmake --build --preset "$preset" --parallel "$(nproc)" ${@:+--target "$@"}
}

# check_costs: instructions per change against the baseline, with each compiler. As configure_and_build.
check_costs() {
    configure_and_build bench bench_decode
    configure_and_build bench-gcc bench_decode
    python3 bench/decode.py --check build/bench/bin/bench_decode build/bench-gcc/bin/bench_decode
}

# fuzz_targets: every name, as fuzz_conn.
fuzz_targets() { (cd "$clone/fuzz" && printf '%s\n' fuzz_*.c | sed 's/\.c$//'); }

# fuzz_inputs TARGET: the folders it starts from; new inputs go into the first.
fuzz_inputs() {
    mkdir -p "build/fuzz/found/$1"
    printf '%s\n' "build/fuzz/found/$1" "fuzz/corpus/$1"
    [ ! -d "fuzz/regressions/$1" ] || printf '%s\n' "fuzz/regressions/$1"
}

fuzz_row='%-18s %8s %12s %10s %8s  %s\n' # target, seconds, runs, new units, edges, finding

# run_fuzz_target TARGET SECONDS: prints its line of the table. Its log is build/fuzz/TARGET.log.
run_fuzz_target() {
    local name=$1 log=build/fuzz/$1.log begin=$SECONDS status=0 inputs dictionary=()
    mapfile -t inputs < <(fuzz_inputs "$name")
    mkdir -p "build/fuzz/findings/$name"
    [ ! -f "fuzz/$name.dict" ] || dictionary=("-dict=fuzz/$name.dict")
    "build/fuzz/fuzz/$name" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/findings/$name/" "${dictionary[@]}" "${inputs[@]}" \
        >"$log" 2>&1 || status=$?
    # shellcheck disable=SC2059
    printf "$fuzz_row" "$name" $((SECONDS - begin)) \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
        "$(sed -n 's/^stat::new_units_added: *//p' "$log")" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)" \
        "$([ $status -eq 0 ] && echo none || sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
    [ $status -eq 0 ]
}

# explain_finding TARGET: what was found, and what to do with it.
explain_finding() {
    local found
    found=$(sed -n 's/.*Test unit written to //p' "build/fuzz/$1.log" | tail -n 1)
    printf '\n%s failed; the end of build/fuzz/%s.log:\n' "$1" "$1"
    grep -E 'fuzz_[a-z_]+\.c:[0-9]+: |ERROR|SUMMARY|runtime error' "build/fuzz/$1.log" || tail -n 5 "build/fuzz/$1.log"
    [ -z "$found" ] || printf '  %s\n' "once more:  scripts/fuzz $1 $found" \
        "to keep:    mkdir -p fuzz/regressions/$1 && cp $found fuzz/regressions/$1/WHAT-IT-SHOWS"
}

# run_fuzz SECONDS SECONDS-BEFORE-AUTHENTICATION [TARGET...]: every target for so long, as many at once
# as there are cores; longer those that stand for what reads bytes before authentication.
run_fuzz() {
    local seconds=$1 before=$2 name failed=() targets
    shift 2
    targets=("$@")
    [ $# -gt 0 ] || mapfile -t targets < <(fuzz_targets)
    rm -f build/fuzz/failed.*
    # shellcheck disable=SC2059
    printf "$fuzz_row" target seconds runs 'new units' edges finding
    for name in "${targets[@]}"; do
        case $name in
        fuzz_client | fuzz_conn | fuzz_scram | fuzz_saslprep) printf '%s %s\n' "$name" "$before" ;;
        *) printf '%s %s\n' "$name" "$seconds" ;;
        esac
    done | sort -s -k 2,2nr | xargs -P "$(nproc)" -L 1 bash -c \
        '. scripts/lib.sh; run_fuzz_target "$@" || : >"build/fuzz/failed.$1"' scripts/fuzz
    for name in "${targets[@]}"; do
        [ ! -e "build/fuzz/failed.$name" ] || failed+=("$name")
    done
    for name in "${failed[@]}"; do explain_finding "$name"; done
    printf '\n%d passed, %d failed\n' $((${#targets[@]} - ${#failed[@]})) ${#failed[@]}
    [ ${#failed[@]} -eq 0 ]
}
