# shellcheck shell=bash
# Shared by the project's scripts: where things are, how messages look, and how a part of the
# cache is filled so that an interruption leaves either the old state or the new one.

COVERT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
COVERT_CACHE=${COVERT_CACHE:-$HOME/.cache/covert}

# Reads versions.env line by line: a value may hold spaces, so the file is not shell source.
while IFS='=' read -r key value; do
    case $key in '' | \#*) continue ;; esac
    printf -v "$key" '%s' "$value"
done <"$COVERT_ROOT/versions.env"

say() { printf 'covert: %s\n' "$*" >&2; }
warn() { printf 'covert: warning: %s\n' "$*" >&2; }
die() {
    printf 'covert: error: %s\n' "$*" >&2
    exit 1
}

# True if as_root can work: as root, through sudo without a password, or with a terminal to type it at.
can_be_root() {
    [ "$(id -u)" = 0 ] ||
        { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }
}

# Runs a command as root; only where can_be_root.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# True if part $1 of the cache is complete and was made with key $2.
is_current() { [ "$(cat "$COVERT_CACHE/$1/.covert-stamp" 2>/dev/null)" = "$2" ]; }

# Puts the finished directory $2 in place as part $1 of the cache, stamped with key $3.
# The stamp travels inside the directory, so it appears together with the contents.
install_part() {
    local part=$1 fresh=$2 key=$3 target=$COVERT_CACHE/$1
    printf '%s\n' "$key" >"$fresh/.covert-stamp"
    rm -rf "$target.old"
    [ ! -e "$target" ] || mv "$target" "$target.old"
    mv "$fresh" "$target"
    rm -rf "$target.old"
    say "$part is ready"
}

# Prints the VERILATOR_ROOT of the virtual environment $1 (default: the one in the cache).
verilator_root() {
    local root
    for root in "${1:-$COVERT_CACHE/venv}"/lib/python3*/site-packages/verilator; do
        if [ -x "$root/bin/verilator_bin" ]; then
            printf '%s\n' "$root"
            return
        fi
    done
    die "no Verilator in ${1:-$COVERT_CACHE/venv}; run: make setup"
}
