# shellcheck shell=bash
# Debian's packages by name, for the scripts that unpack or build some of them into the cache. After lib.sh.

refresh_package_lists() {
    can_be_root || die "the package lists are empty or out of date; run: sudo apt-get update, then set-up again"
    say "refreshing the package lists (apt-get update)"
    as_root apt-get -q update >&2 || die "apt-get update failed"
}

# True if the machine's package lists hold package $1 in version $2. apt-cache says nothing of a version that it does not
# know, and does not fail if it knows the package in another.
is_listed() {
    [ -n "$(apt-cache show --no-all-versions "$1=$2" 2>/dev/null)" ]
}

# Prints the version of package $1 to use: $2, the pinned one, or whatever Debian has now.
choose_version() {
    local candidate
    if is_listed "$1" "$2"; then
        printf '%s\n' "$2"
        return
    fi
    candidate=$(apt-cache policy "$1" | awk '/Candidate:/ { print $2 }')
    if [ -z "$candidate" ] || [ "$candidate" = "(none)" ]; then return 1; fi
    warn_version_gone "$1" "$2" "$candidate"
    printf '%s\n' "$candidate"
}

# Says that package $1 comes in version $3, because the pinned $2 is gone.
warn_version_gone() {
    warn "$1 $2, which COVERT is tested with, is gone from the package lists"
    warn "using $3 instead; if it does not build, this is the first thing to suspect"
}

# Downloads packages, named NAME=VERSION or NAME, into directory $1, which is created.
download_packages() {
    local dir=$1
    shift
    mkdir -p "$dir"
    # Downloading by name writes into a folder; the sandbox user could not write there.
    (cd "$dir" && apt-get -q -o APT::Sandbox::User=root download "$@" >&2)
}
