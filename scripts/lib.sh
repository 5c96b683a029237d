# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
# lib.sh: what setup, test and demo share. Sourced, never run.
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

# run_fuzz SECONDS: every target for so long, starting from its corpus; a finding stays in build/fuzz.
run_fuzz() {
    local target name status=0 passed=0 failed=0
    for target in build/fuzz/fuzz/fuzz_* build/fuzz/bin/fuzz_*; do
        [ -f "$target" ] && [ -x "$target" ] || continue
        name=$(basename "$target")
        mkdir -p "build/fuzz/found/$name"
        if "$target" -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/found/$name" "fuzz/corpus/$name"
        then passed=$((passed + 1)); else failed=$((failed + 1)) status=1; fi
    done
    printf '%d passed, %d failed\n' $passed $failed
    [ $status -eq 0 ] && [ $passed -gt 0 ]
}
