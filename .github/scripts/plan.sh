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
trap 'git worktree remove --force "$work/base" 2>/dev/null || true; rm -rf "$work"' EXIT

# The base, whole, in a folder of its own; the project may be a part of what is versioned. Empty: it can't be had.
there=
if commit=$(git rev-parse --verify "$base^{commit}" 2>"$work/no base") &&
    git worktree add --quiet --detach "$work/base" "$commit" 2>>"$work/no base"; then
    there=$work/base/$(git rev-parse --show-prefix)
else
    echo "plan.sh: wanted a commit that is whole in this clone, found $base; fetch it first: git fetch origin" >>"$work/no base"
fi

messages() { # indented, so that nothing in a message can end the block
    tail -n 20 "$1" | cut -c -1000 | sed 's/^/    /'
    echo
}

before() { # the stack's plan by the base's own code, as if in this folder; with this folder's Python, so that nothing is installed twice
    local here=$PWD
    (cd "$there" && SLIPWAY_AS_IF_IN=$here timeout 300 "$here/.venv/bin/python" -m ops --stack="$1" plan --json)
}

plan() {
    local stack=$1 code=0 old=$work/$commit # its name is what the document says it is compared with
    : >"$work/plan"
    if [ -z "$there" ]; then
        cp "$work/no base" "$work/why"
    elif [ ! -e "$there/Pulumi.$stack.yaml" ]; then
        printf '`%s` is new: the base has no such stack.\n\n' "$stack"
        : >"$work/why"
    else
        ./slipway version --stack="$stack" >&2 || true # makes .venv
        # A base whose rules aren't kept exits with 1 and has a plan all the same.
        before "$stack" >"$old" 2>"$work/why" || true
        if [ -s "$old" ]; then
            ./slipway plan --stack="$stack" --against="$old" --format=markdown >"$work/plan" 2>>"$work/why" || code=$?
        elif [ ! -s "$work/why" ]; then
            echo 'plan.sh: the base printed no plan, or took too long' >"$work/why"
        fi
    fi
    cat "$work/why" >&2
    if [ ! -s "$work/plan" ]; then
        # A base that has no plan must not fail what mends it: the rules are looked at all the same.
        code=0
        ./slipway plan --stack="$stack" --format=markdown >"$work/plan" 2>"$work/why alone" || code=$?
        cat "$work/why alone" >&2
        if [ ! -s "$work/plan" ]; then
            printf '<!-- slipway plan: %s -->\n### `%s`: no plan could be made\n\n' "$stack" "$stack" && messages "$work/why alone"
        elif [ -s "$work/why" ]; then
            printf 'What `%s` changes could not be found out:\n\n' "$stack" && messages "$work/why"
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
