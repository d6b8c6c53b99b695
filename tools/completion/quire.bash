# SPDX-License-Identifier: MIT
#
# bash completion of quire, inside images too. Install as
# /usr/share/bash-completion/completions/quire, or source it.

# Sets REPLY to the word $1 as the program would get it, without the shell's quoting.
_quire_dequote() {
    local text=$1 quote= i letter
    REPLY=
    for ((i = 0; i < ${#text}; i++)); do
        letter=${text:i:1}
        if [[ $quote == "'" ]]; then
            if [[ $letter == "'" ]]; then quote=; else REPLY+=$letter; fi
        elif [[ $letter == \\ ]]; then
            ((i++))
            if [[ $quote == '"' && ${text:i:1} != ['"\$`'] ]]; then REPLY+=\\; fi
            REPLY+=${text:i:1}
        elif [[ -n $quote && $letter == "$quote" ]]; then
            quote=
        elif [[ -z $quote && $letter == [\'\"] ]]; then
            quote=$letter
        else
            REPLY+=$letter
        fi
    done
    # With an open quote the shell closes it; what is inserted must not be quoted again.
    _quire_quote=$quote
}

_quire() {
    # The shell breaks words at : @ and =, which are letters of addresses here: join what touches.
    local line=${COMP_LINE:0:COMP_POINT} words=() word rest i _quire_quote
    rest=$line
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then word=$rest; word=${word#"${word%%[![:space:]]*}"}; fi
        if ((i > 0)) && [[ $rest != [[:space:]]* && -n $rest ]]; then
            words[${#words[@]} - 1]+=$word
        else
            rest=${rest#"${rest%%[![:space:]]*}"}
            words+=("$word")
        fi
        rest=${rest#"$word"}
    done

    local current=${words[${#words[@]} - 1]} asked=()
    for word in "${words[@]:1}"; do
        _quire_dequote "$word"
        asked+=("$REPLY")
    done

    # Readline replaces only what follows the last break, so the rest is taken off again.
    local breaks=${COMP_WORDBREAKS//[^:@=]/} keep=
    if [[ -n $breaks && $current == *["$breaks"]* && -z $_quire_quote ]]; then
        keep=${current%"${current##*["$breaks"]}"}
    fi

    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ $candidate == */ || $candidate == *[:=] ]]; then compopt -o nospace 2>/dev/null; fi
        if [[ -z $_quire_quote ]]; then printf -v candidate %q "$candidate"; fi
        COMPREPLY+=("${candidate#"$keep"}")
    done < <("${words[0]}" __complete "${asked[@]}" 2>/dev/null)
}

complete -F _quire quire
