#!/usr/bin/env bash
# review.sh up|down NUMBER: launches or removes the stack pr-NUMBER, made from Pulumi.review.yaml. Whoever calls it sees to it that it
# runs once at a time for each NUMBER: a lock that is found then was left by a run that was cut off, and is taken away.
set -euo pipefail

wanted=$1
stack=pr-$2
[[ $2 =~ ^[1-9][0-9]*$ ]] || { echo "review.sh: wanted the number of a pull request, found '$2'" >&2 && exit 2; }
template=Pulumi.review.yaml
if [ -f "$template" ]; then
    cp "$template" "Pulumi.$stack.yaml"
elif [ "$wanted" != down ]; then # what removes it reads the state
    echo "review.sh: $template is missing: the settings of every review stack (docs/ci.md)" >&2
    exit 2
fi

after_a_cut() { # what a run that was cut off in the middle leaves: a lock, and creations of which nobody knows how they ended
    pulumi cancel --yes --stack="$stack" || echo "review.sh: there was nothing to cancel"
    pulumi refresh --non-interactive --yes --skip-preview --clear-pending-creates --stack="$stack"
}

# The last command of each takes the shell's place: a signal to this script then reaches Pulumi itself, which ends in order.
case $wanted in
    up)
        pulumi stack select --non-interactive --create "$stack"
        # Nobody's data is in it: all of it goes with it, and it leaves no snapshot.
        pulumi config set --non-interactive slipway:keepData false --stack="$stack"
        pulumi config set --non-interactive slipway:lastSnapshot false --stack="$stack"
        after_a_cut
        exec pulumi up --non-interactive --yes --skip-preview --stack="$stack"
        ;;
    down)
        code=0
        pulumi stack select --non-interactive "$stack" || code=$?
        if [ "$code" = 6 ]; then # Pulumi's own for "no such stack"
            echo "review.sh: there is no stack $stack"
            exit 0
        fi
        [ "$code" = 0 ] || exit "$code"
        after_a_cut || echo "review.sh: it could not be refreshed; what is known of it is removed all the same" >&2
        # Where a launch of before has protected something: a review stack's data go with it.
        exec pulumi destroy --non-interactive --yes --skip-preview --ignore-protect --remove --stack="$stack"
        ;;
    *)
        echo "review.sh: wanted up or down, found '$wanted'" >&2
        exit 2
        ;;
esac
