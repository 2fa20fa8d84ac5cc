# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# shellcheck shell=sh
# sh ready.sh FOLDER [MODEL]: prints a word; exit status 0 where the server, or that model, is resident (docs/readiness.md).
#
# For a health check in the server's container, with the folder of the readiness file mounted into it; or for a script on the host. MODEL has all
# its parts, in small letters: registry.ollama.ai/library/qwen3:8b. POSIX, and nothing but what a bare image has.
file=$1/ready
model=$2
units=${KEEPWARM_UNITS:-/run/systemd/units}
proc=${KEEPWARM_PROC:-/proc}

end() {
    echo "$2"
    exit "$1"
}

refuse_strangers_file() {
    if [ ! -f "$file" ] || [ -L "$file" ]; then
        end 1 unreadable
    fi
    read -r mode _ owner _ << LINE
$(ls -nd "$file")
LINE
    read -r _ _ folder_owner _ << LINE
$(ls -nd "${file%/*}")
LINE
    case $mode in
        -????-??-*) ;;
        *) end 1 unreadable ;; # others may write to it
    esac
    [ "$owner" = 0 ] || [ "$owner" = "$folder_owner" ] || end 1 unreadable
}

# Into answer, word, until, since and end_of: the line of the model, or that of the server.
read_file() {
    read -r format
    read -r state word until since end_of unit invocation inode more || end 1 unreadable # also a line that was cut off
    if [ "$format" != "keepwarm-ready 1" ] || [ -z "$inode" ] || [ -n "$more" ]; then
        end 1 unreadable
    fi
    case $state in
        hold | drain | stopped) end 1 "$word" ;;
        ready) answer=yes ;;
        cold) answer=no ;;
        *) end 1 unreadable ;;
    esac
    [ -z "$model" ] || read_model
}

read_model() {
    answer=
    while read -r resident why ends begins ends_at name kind; do
        [ -n "$kind" ] || end 1 unreadable
        [ "$name" != "$model" ] || { answer=$resident word=$why until=$ends since=$begins end_of=$ends_at; }
    done
}

# Without systemd's links, as in a container, the first process there is the server, and as old as this start of it.
refuse_other_start() {
    if [ -d "$units" ]; then
        [ "$unit" = - ] && return
        started=$(readlink "$units/invocation:$unit") || end 1 stopped
        [ "$started" = "$invocation" ] || end 1 restarted
    else
        read -r stat < "$proc/1/stat"
        # shellcheck disable=SC2086 # its fields
        set -- ${stat##*) }
        [ "$since" -ge $((${20} / 100)) ] || [ "$answer" != yes ] || end 1 restarted
    fi
}

refuse_old() {
    read -r up _ < "$proc/uptime"
    up=${up%.*}
    if [ "$(date +%s)" -ge "$until" ] || [ "$up" -lt "$since" ] || [ "$up" -ge "$end_of" ]; then
        end 1 stale
    fi
}

refuse_strangers_file
read_file < "$file"
for number in "$until" "$since" "$end_of"; do
    case $number in
        "" | *[!0-9]* | ????????????????*) end 1 unreadable ;;
    esac
done
refuse_other_start
[ -n "$answer" ] || end 1 not_declared
[ "$answer" = yes ] || end 1 "$word"
refuse_old
end 0 resident
