# SPDX-License-Identifier: Apache-2.0
# Completion of the krait command in fish. Verbs, options and their values are taken from the
# command's own help, and the names of models from `krait list`, so they are never out of date.

function __krait_command
    set -l words (commandline -opc)
    echo $words[1]
end

function __krait_verb
    set -l words (commandline -opc)
    test (count $words) -ge 2; and echo $words[2]
end

function __krait_help
    set -l command (__krait_command)
    $command $argv --help 2>/dev/null
end

function __krait_models
    set -l command (__krait_command)
    $command list --json 2>/dev/null | string match -rga '"name": *"([^"]*)"'
end

function __krait_verbs
    __krait_help | string match -rg '^  ([a-z]+ +.*)$' | string replace -r ' +' \t
end

# Each option of the verb with what it takes and says, between tabs.
function __krait_options
    for line in (__krait_help (__krait_verb))
        if string match -qr '^ +(?:(?<short>-[a-z]), )?(?<name>--[a-z-]+)(?: (?<value>[A-Z]+))?(?:  +(?<about>.*))?$' -- $line
            printf '%s\t%s\t%s\t%s\n' "$name" "$value" "$about" "$short"
        end
    end
end

# What the option before the cursor takes, and what it says; fails when it takes nothing.
function __krait_taken
    set -l before (commandline -opc)[-1]
    set -l token (commandline -ct)
    string match -q -- '--*=*' $token; and set before (string replace -r '=.*' '' -- $token)
    for row in (__krait_options)
        set -l cells (string split \t -- $row)
        if test -n "$cells[2]"; and contains -- "$before" $cells[1] $cells[4]
            printf '%s\n' $cells[2] "$cells[3]"
            return 0
        end
    end
    return 1
end

function __krait_values
    set -l taken (__krait_taken); or return
    set -l command (__krait_command)
    set -l kind $taken[1]
    set -l about "$taken[2]"
    set -l found
    switch $kind
        case FILE PATH IN OUT
            set found (__fish_complete_path (string replace -r '^--[a-z-]+=' '' -- (commandline -ct)))
        case MODEL
            set found (__krait_models) (__fish_complete_path (string replace -r '^--[a-z-]+=' '' -- (commandline -ct)))
        case '*'
            if string match -q "*'list' lists them*" -- $about
                set found ($command bench --shape list 2>/dev/null)
            else
                set -l words (string replace -r ' *\(.*' '' -- $about | string replace -r ' or a file$' '' | string replace -a ' or ' ', ')
                string match -qr '^[a-z0-9]+(, [a-z0-9]+)*$' -- $words; and set found (string split ', ' -- $words)
                string match -q '*or a file*' -- $about; and set -a found (__fish_complete_path (commandline -ct))
            end
    end
    set -l before (string match -r '^--[a-z-]+=' -- (commandline -ct))
    printf "$before%s\n" $found
end

function __krait_arguments
    __krait_taken >/dev/null; and return
    switch (__krait_help (__krait_verb))[1]
        case '*MODEL*' '*NAME*'
            __krait_models
            __fish_complete_path (commandline -ct)
        case '*FILE*' '*IN *'
            __fish_complete_path (commandline -ct)
    end
end

function __krait_rows
    __krait_taken >/dev/null; and return
    __krait_options | string replace -r '^([^\t]*)\t[^\t]*\t([^\t]*)\t.*' '$1\t$2'
end

function __krait_no_verb
    test (count (commandline -opc)) -eq 1
end

complete -c krait -f
complete -c krait -n __krait_no_verb -a '(__krait_verbs)'
complete -c krait -n __krait_no_verb -l help -d 'what there is'
complete -c krait -n __krait_no_verb -l version -d 'which krait this is'
complete -c krait -n 'not __krait_no_verb' -a '(__krait_values)'
complete -c krait -n 'not __krait_no_verb' -a '(__krait_arguments)'
complete -c krait -n 'not __krait_no_verb; and string match -q -- "-*" (commandline -ct)' -a '(__krait_rows)'
