#!/usr/bin/env bash
# layout.sh - the folders keep to their places: who may include whom (docs/design.md), and that no path of one machine slipped in.
set -u
cd "$(dirname "$0")/.."
failed=0

# may FOLDER ALLOWED…: sources in FOLDER include project headers of ALLOWED folders only (and their own, and embedded Lua).
may() {
    local folder=$1 allowed bad
    shift
    allowed=$(printf '|%s' "$folder" "$@")
    bad=$(grep -nE '#include "[a-z_]+/' "$folder"/*.[ch] 2>/dev/null | grep -vE "#include \"(${allowed:1})/")
    [ -z "$bad" ] || { printf '%s/ may include only %s/:\n%s\n' "$folder" "${allowed:1}" "$bad"; failed=1; }
}
may base
may config base
may pipeline base config
may crawler pipeline base config
may extractor pipeline base config
may loader pipeline base config

paths=$(git grep -nE '(^|[^a-z.])/(work|home|root)/' -- ':!tests/layout.sh' ':!docs' 2>/dev/null)
[ -z "$paths" ] || { printf 'paths of one machine:\n%s\n' "$paths"; failed=1; }
exit $failed
