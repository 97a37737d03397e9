# SPDX-License-Identifier: MPL-2.0
# bash completion for cimesh. Made by tests/dist/generate.py from `cimesh help`; do not edit.
_cimesh() {
    local word=${COMP_WORDS[COMP_CWORD]} command= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --dir) ((i++)) ;;
        -*) ;;
        *) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    local words='--dir --json --help'
    case $command in
    '') words="$words --version help init node roster follow unfollow publish sub log show latest trace diff fetch verify status check doctor peers hooks promote key reload bench backup fsck" ;;
    init) words="$words --api --contact --endpoint --key --sync --system" ;;
    roster) words="$words add show check diff remove --replace" ;;
    follow) words="$words --since" ;;
    publish) words="$words --file --from-env --json --link --no-cause --topic" ;;
    sub) words="$words --format --since --template -C -W" ;;
    log) words="$words --format --json --since --template -n" ;;
    show) words="$words --format --json --proof" ;;
    latest) words="$words --branch --by --json --name --template --wait --with" ;;
    trace) words="$words --depth --dot --down --json --up" ;;
    diff) words="$words --json" ;;
    fetch) words="$words --format --json --proof" ;;
    check) words="$words --alive" ;;
    hooks) words="$words list runs -n" ;;
    promote) words="$words list explain dry-run --rule --since -n" ;;
    key) words="$words show" ;;
    bench) words="$words --batch --connections --events --seconds --yes" ;;
    fsck) words="$words --dry-run --json" ;;
    help) words='api init node roster follow unfollow publish sub log show latest trace diff fetch verify status check doctor peers hooks promote key reload bench backup fsck' ;;
    esac
    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --dir ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
    elif [[ $word == -* || -z $command || $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"; compgen -f -- "$word")
    fi
}
complete -o filenames -F _cimesh cimesh
