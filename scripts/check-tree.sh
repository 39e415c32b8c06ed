#!/usr/bin/env bash
# Checks on the files of the repository as text: no folder of somebody's machine, no package
# index's host, no unfinished work, scripts that parse.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$COVERT_ROOT"

if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    say "not a git checkout: the checks on tracked files are skipped"
    exit 0
fi

failed=false

# Files that git tracks or would track, without those that must hold what is looked for.
files() {
    git ls-files -z --cached --others --exclude-standard -- "$@" \
        ':!:LICENSE' ':!:*Cargo.lock' ':!:scripts/check-tree.sh' ':!:firmware/linux/userland/initrd.list'
}

# refuse WHAT PATTERN: no line of any text file may match.
refuse() {
    local hits
    # Deleted but still tracked files are grep's only complaint here.
    hits=$(files | xargs -0 -r grep -nIE -- "$2" 2>/dev/null) || return 0
    printf 'covert: error: %s:\n%s\n' "$1" "$hits" >&2
    failed=true
}

refuse "a machine's own folder" '(^|[^A-Za-z0-9_.$}{/-])/(work|root|tmp|home/[a-z]+)(/|$|[^A-Za-z0-9_.-])'
refuse "the host of a package index" \
    '(pypi\.org|pythonhosted\.org|(index|static)\.crates\.io|(deb|security)\.debian\.org|npmjs\.(org|com)|proxy\.golang\.org)'
refuse "unfinished work" '(\b(TODO|FIXME|XXX)\b|\b(todo|unimplemented)!|#\[ignore)'
refuse "a merge conflict" '^(<<<<<<<|>>>>>>>) '
refuse "white space at the end of a line" '[ 	]+$'

while IFS= read -r -d '' script; do
    [ -f "$script" ] || continue
    case $(head -n 1 "$script") in
    '#!'*bash* | '# shellcheck shell=bash')
        bash -n "$script" || failed=true
        if command -v shellcheck >/dev/null; then shellcheck -x "$script" || failed=true; fi
        ;;
    '#!'*python3*)
        python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$script" ||
            failed=true
        ;;
    esac
done < <(files 'scripts/*' '.ci/*' '*.sh' '*.py')

if $failed; then exit 1; fi
