#!/usr/bin/env bash
# plan.sh BASE FILE [STACK...]: writes FILE, what each stack changes since BASE (a git ref) as one markdown document. Stacks left out: all
# that have a Pulumi.STACK.yaml. Exit code 1 where a rule isn't kept or a plan can't be made; FILE says so then, and is whole.
# It needs no credentials, no secret and no network.
# shellcheck disable=SC2016  # backquotes are markdown's here
set -euo pipefail

base=$1
document=$2
shift 2

usable() { # a name that can stand in markdown as it is
    [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$ ]]
}

name_of() { # Pulumi.NAME.yaml
    local name=${1#Pulumi.}
    echo "${name%.yaml}"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

messages() { # indented, so that nothing in a message can end the block
    tail -n 20 "$1" | cut -c -1000 | sed 's/^/    /'
    echo
}

plan() {
    local stack=$1 code=0
    ./slipway plan --stack="$stack" --base="$base" --format=markdown >"$work/plan" 2>"$work/why" || code=$?
    cat "$work/why" >&2
    if [ ! -s "$work/plan" ]; then
        # A base that has no plan must not fail what mends it: the rules are looked at all the same.
        code=0
        ./slipway plan --stack="$stack" --format=markdown >"$work/plan" 2>"$work/why alone" || code=$?
        cat "$work/why alone" >&2
        if [ -s "$work/plan" ]; then
            printf 'What `%s` changes could not be found out:\n\n' "$stack" && messages "$work/why"
        else
            printf '<!-- slipway plan: %s -->\n### `%s`: no plan could be made\n\n' "$stack" "$stack" && messages "$work/why alone"
        fi
    fi
    cat "$work/plan"
    echo
    return "$code"
}

gone() { # removing a stack's file removes nothing that it launched, so somebody must be told
    git ls-tree -z --name-only "$base" | while IFS= read -r -d '' file; do
        stack=$(name_of "$file")
        if [[ $file == Pulumi.*.yaml && ! -e $file ]] && usable "$stack"; then
            printf '### `%s`: its file is removed\n\nWhat it launched stays until `pulumi destroy --stack %s`.\n\n' "$stack" "$stack"
        fi
    done
}

if [ $# = 0 ]; then
    for file in Pulumi.*.yaml; do
        [ ! -f "$file" ] || set -- "$@" "$(name_of "$file")"
    done
fi

code=0
: >"$work/document"
[ $# != 0 ] || echo 'No stack has a file `Pulumi.STACK.yaml`, so there is nothing to plan.' >>"$work/document"
for stack in "$@"; do
    if usable "$stack"; then
        plan "$stack" >>"$work/document" || code=1
    else
        printf '### A stack with an unusable name\n\nUse letters, digits, `.`, `_` and `-`.\n\n' >>"$work/document"
        code=1
    fi
done
gone >>"$work/document" || code=1

mv "$work/document" "$document"
exit "$code"
